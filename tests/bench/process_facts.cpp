// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/bench/process_facts.h"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace dmasim::bench {
namespace {

/// The number behind `key` in a file of lines "key: number". 0 if there is none.
int64_t number_in(const std::filesystem::path& file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(key)) return std::stoll(line.substr(key.size()));
  }
  return 0;
}

double us(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

/// The status files of a process's threads.
std::vector<std::filesystem::path> statuses(const std::string& process) {
  std::vector<std::filesystem::path> found;
  std::error_code ignored;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + process + "/task", ignored)) {
    found.push_back(task.path() / "status");
  }
  return found;
}

}  // namespace

Usage usage_of_self() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {.cpu_us = us(usage.ru_utime) + us(usage.ru_stime),
          .switches = usage.ru_nvcsw + usage.ru_nivcsw};
}

Usage usage_of(const std::vector<int>& pids) {
  Usage sum;
  for (const int pid : pids) {
    clockid_t clock{};
    timespec time{};
    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &time) == 0) {
      sum.cpu_us +=
          static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
    }
    for (const auto& status : statuses(std::to_string(pid))) {
      sum.switches += number_in(status, "voluntary_ctxt_switches:");
      sum.switches += number_in(status, "nonvoluntary_ctxt_switches:");
    }
  }
  return sum;
}

double private_dirty_kb() {
  return static_cast<double>(number_in("/proc/self/smaps_rollup", "Private_Dirty:"));
}

int64_t switches_of_other_threads() {
  const std::string self = std::to_string(gettid());
  int64_t sum = 0;
  for (const auto& status : statuses("self")) {
    if (status.parent_path().filename() == self) continue;
    sum += number_in(status, "voluntary_ctxt_switches:");
  }
  return sum;
}

}  // namespace dmasim::bench
