// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/stress/watchdog.h"

#include <dirent.h>
#include <execinfo.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

extern char** environ;

namespace dmasim::stress {
namespace {

constexpr int kExitHung = 3;

std::atomic<unsigned> stacks_written{0};

/// Formally, backtrace() is not safe in a signal handler. But the program ends in any case.
void on_stack_signal(int) {
  std::array<void*, 64> frames{};
  const int count = backtrace(frames.data(), static_cast<int>(frames.size()));
  backtrace_symbols_fd(frames.data(), count, STDERR_FILENO);
  stacks_written.fetch_add(1);
}

std::vector<pid_t> threads() {
  std::vector<pid_t> tids;
  DIR* directory = opendir("/proc/self/task");
  if (directory == nullptr) return tids;
  while (const dirent* entry = readdir(directory)) {
    const pid_t tid = std::atoi(entry->d_name);
    if (tid > 0) tids.push_back(tid);
  }
  closedir(directory);
  return tids;
}

std::string first_line(pid_t tid, const char* file) {
  std::ifstream stream("/proc/self/task/" + std::to_string(tid) + '/' + file);
  std::string line;
  std::getline(stream, line);
  return line;
}

bool dump_by_gdb() {
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  // this fails if the system does not restrict ptrace,
                                              // and is then not needed
  const std::string pid = std::to_string(getpid());
  std::array<const char*, 10> arguments{
      "gdb", "-q", "-nx", "-batch", "-p", pid.c_str(), "-ex", "thread apply all bt", nullptr};
  posix_spawn_file_actions_t to_stderr;
  posix_spawn_file_actions_init(&to_stderr);
  posix_spawn_file_actions_adddup2(&to_stderr, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  const int error = posix_spawnp(&child, "gdb", &to_stderr, nullptr,
                                 const_cast<char**>(arguments.data()), environ);
  posix_spawn_file_actions_destroy(&to_stderr);
  if (error != 0) return false;
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void dump_by_signal(int signal_number) {
  struct sigaction action {};
  action.sa_handler = on_stack_signal;
  sigaction(signal_number, &action, nullptr);
  for (const pid_t tid : threads()) {
    std::fprintf(stderr, "thread %d (%s), waiting in %s:\n", tid, first_line(tid, "comm").c_str(),
                 first_line(tid, "wchan").c_str());
    const unsigned before = stacks_written.load();
    syscall(SYS_tgkill, getpid(), tid, signal_number);
    for (unsigned i = 0; i < 50 && stacks_written.load() == before; ++i) usleep(10000);
  }
}

}  // namespace

void dump_stacks() {
  if (!dump_by_gdb()) dump_by_signal(SIGRTMIN + 5);
}

void Pulse::begin_cycle(std::string what) {
  const std::lock_guard guard(lock_);
  cycle_ = std::move(what);
}

std::string Pulse::cycle() {
  const std::lock_guard guard(lock_);
  return cycle_;
}

Watchdog::Watchdog(std::deque<Pulse>& pulses, unsigned patience_s)
    : pulses_(pulses), patience_s_(patience_s), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard guard(lock_);
    quit_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::run() {
  struct Seen {
    uint64_t beats = 0;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  };
  std::vector<Seen> seen(pulses_.size());
  std::unique_lock guard(lock_);
  while (!changed_.wait_for(guard, std::chrono::milliseconds(200), [this] { return quit_; })) {
    const auto now = std::chrono::steady_clock::now();
    for (size_t i = 0; i < seen.size(); ++i) {
      const uint64_t beats = pulses_[i].beats();
      const char* step = pulses_[i].step();
      if (step == nullptr || beats != seen[i].beats) seen[i] = {beats, now};
      if (now - seen[i].since < std::chrono::seconds(patience_s_)) continue;
      std::fprintf(stderr, "FAILED: worker %zu has been in \"%s\" for %u s\n  %s\n", i, step,
                   patience_s_, pulses_[i].cycle().c_str());
      dump_stacks();
      _exit(kExitHung);
    }
  }
}

}  // namespace dmasim::stress
