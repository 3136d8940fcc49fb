// SPDX-License-Identifier: LGPL-2.1-or-later
/// The resources of the process. A stress test must leave them as they were before it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dmasim::stress {

struct Resources {
  std::vector<std::string> threads;      ///< names of threads
  std::vector<std::string> descriptors;  ///< what each descriptor refers to
  std::vector<std::string> shared;       ///< shared mappings, and files of this card in /dev/shm
  uint64_t heap_bytes = 0;

  static Resources now();
};

/// Returns one line for each difference to `before`. It repeats the check for up to two seconds,
/// because the kernel removes a joined thread a moment later.
[[nodiscard]] std::vector<std::string> leaks_since(const Resources& before,
                                                   uint64_t heap_tolerance_bytes);

}  // namespace dmasim::stress
