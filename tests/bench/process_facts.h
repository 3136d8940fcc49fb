// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the kernel counts of a process: CPU time, context switches, private memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dmasim::bench {

struct Usage {
  double cpu_us = 0;
  int64_t switches = 0;  ///< voluntary and other ones. Less than before if a thread has ended
};

/// Of this process, with threads that have ended.
[[nodiscard]] Usage usage_of_self();
/// Of other processes, with their threads that live. The processes of another user cannot be read
/// and add nothing.
[[nodiscard]] Usage usage_of(const std::vector<int>& pids);

/// Private_Dirty in /proc/self/smaps_rollup.
[[nodiscard]] double private_dirty_kb();
/// The voluntary context switches of this process's threads, but for the calling one. A thread that
/// has ended is not counted.
[[nodiscard]] int64_t switches_of_other_threads();

}  // namespace dmasim::bench
