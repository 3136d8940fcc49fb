// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/process/thread_limits.h"

#include <sys/resource.h>

#include <fstream>

namespace dmasim {
namespace {

std::string process_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NPROC, &limit) != 0) return "unknown";
  return limit.rlim_cur == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_cur);
}

/// The limit of this process's control group. A line such as "0::/user.slice" names the group.
std::string group_limit() {
  constexpr const char* kPrefix = "0::";
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    if (!line.starts_with(kPrefix)) continue;
    std::ifstream file("/sys/fs/cgroup" + line.substr(3) + "/pids.max");
    std::string most;
    if (file >> most) return most;
  }
  return {};
}

}  // namespace

std::string thread_limits() {
  const std::string most = group_limit();
  return "RLIMIT_NPROC is " + process_limit() + (most.empty() ? "" : ", pids.max is " + most);
}

}  // namespace dmasim
