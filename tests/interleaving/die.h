// SPDX-License-Identifier: LGPL-2.1-or-later
/// Ends the process if the system refuses a call that the explorer needs.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace dmasim::sim {

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::abort();
}

}  // namespace dmasim::sim
