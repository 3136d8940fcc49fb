// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/process_view.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <thread>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

/// Entries may vanish while they are listed.
std::vector<std::filesystem::path> entries(const char* directory) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    found.push_back(it->path());
  }
  return found;
}

}  // namespace

std::vector<std::string> thread_names() {
  std::vector<std::string> names;
  for (const auto& task : entries("/proc/self/task")) {
    std::ifstream file(task / "comm");
    std::string name;
    if (std::getline(file, name)) names.push_back(name);
  }
  return names;
}

bool has_thread(const std::string& name) {
  const std::vector<std::string> names = thread_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool thread_sleeps(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(file, line);
  const size_t name_end = line.rfind(')');  // the state is behind the name
  return name_end != std::string::npos && line.compare(name_end, 3, ") S") == 0;
}

Footprint footprint() {
  return {.threads = entries("/proc/self/task").size(),
          .descriptors = entries("/proc/self/fd").size()};
}

Footprint first_footprint() {
  std::thread([] {}).join();
  Footprint last = footprint();
  int same = 0;
  static_cast<void>(eventually([&] {
    const Footprint now = footprint();
    same = now == last ? same + 1 : 0;
    last = now;
    return same == 5;
  }));
  return last;
}

Footprint settled_footprint(const Footprint& expected) {
  static_cast<void>(eventually([&] { return footprint() == expected; }));
  return footprint();
}

std::ostream& operator<<(std::ostream& out, const Footprint& footprint) {
  return out << footprint.threads << " threads, " << footprint.descriptors << " descriptors";
}

}  // namespace dmasim::test
