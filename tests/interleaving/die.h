// SPDX-License-Identifier: LGPL-2.1-or-later
/// When the system refuses what the explorer cannot do without.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace dmasim::sim {

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::abort();
}

}  // namespace dmasim::sim
