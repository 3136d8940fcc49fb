// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/stress/resources.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

// Sanitizers have a heap of their own. This function returns how much of it is in use.
extern "C" __attribute__((weak)) size_t sanitizers_heap_in_use() __asm__(
    "__sanitizer_get_current_allocated_bytes");

namespace dmasim::stress {
namespace {

namespace fs = std::filesystem;

uint64_t heap_in_use() {
  if (sanitizers_heap_in_use != nullptr) return sanitizers_heap_in_use();
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::vector<std::string> thread_names() {
  std::vector<std::string> names;
  std::error_code gone;
  for (const auto& task : fs::directory_iterator("/proc/self/task", gone)) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    if (std::getline(file, name)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> descriptor_targets() {
  std::vector<std::string> targets;
  std::error_code gone;
  for (const auto& link : fs::directory_iterator("/proc/self/fd", gone)) {
    const fs::path target = fs::read_symlink(link.path(), gone);
    if (!gone && target.string().find("/fd") == std::string::npos) targets.push_back(target);
  }
  return targets;
}

std::vector<std::string> shared_mappings() {
  std::vector<std::string> mappings;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string range;
    std::string permissions;
    words >> range >> permissions;
    if (permissions.size() == 4 && permissions[3] == 's') mappings.push_back(line);
  }
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/dev/shm", none)) {
    const std::string path = entry.path();
    if (path.find("dmasim") != std::string::npos) mappings.push_back(path);
  }
  return mappings;
}

void compare(const char* what, const std::vector<std::string>& before,
             const std::vector<std::string>& after, std::vector<std::string>& differences) {
  if (before == after) return;
  std::ostringstream line;
  line << what << ": " << before.size() << " before, " << after.size() << " after;";
  std::vector<std::string> fresh;
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                      std::back_inserter(fresh));
  for (size_t i = 0; i < std::min<size_t>(fresh.size(), 8); ++i) line << " [" << fresh[i] << ']';
  differences.push_back(line.str());
}

std::vector<std::string> differences(const Resources& before, uint64_t heap_tolerance_bytes) {
  const Resources after = Resources::now();
  std::vector<std::string> found;
  compare("threads", before.threads, after.threads, found);
  compare("file descriptors", before.descriptors, after.descriptors, found);
  compare("shared memory", before.shared, after.shared, found);
  if (after.heap_bytes > before.heap_bytes + heap_tolerance_bytes) {
    found.push_back("heap: " + std::to_string(before.heap_bytes) + " bytes before, " +
                    std::to_string(after.heap_bytes) + " after");
  }
  return found;
}

}  // namespace

Resources Resources::now() {
  Resources resources{thread_names(), descriptor_targets(), shared_mappings(), heap_in_use()};
  std::sort(resources.threads.begin(), resources.threads.end());
  std::sort(resources.descriptors.begin(), resources.descriptors.end());
  std::sort(resources.shared.begin(), resources.shared.end());
  return resources;
}

std::vector<std::string> leaks_since(const Resources& before, uint64_t heap_tolerance_bytes) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  for (;;) {
    std::vector<std::string> found = differences(before, heap_tolerance_bytes);
    if (found.empty() || std::chrono::steady_clock::now() > deadline) return found;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace dmasim::stress
