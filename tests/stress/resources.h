// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the process holds: must be the same after a storm as before it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dmasim::stress {

struct Resources {
  std::vector<std::string> threads;      ///< their names
  std::vector<std::string> descriptors;  ///< what they point to
  std::vector<std::string> shared;       ///< shared mappings, and our names in /dev/shm
  uint64_t heap_bytes = 0;

  static Resources now();
};

/// Looks again for two seconds, since the kernel removes a joined thread a moment later. Gives a
/// line for each difference.
[[nodiscard]] std::vector<std::string> leaks_since(const Resources& before,
                                                   uint64_t heap_tolerance_bytes);

}  // namespace dmasim::stress
