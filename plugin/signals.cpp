// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/signals.h"

#include <csignal>

namespace dmasim {

bool signals_interrupt() noexcept {
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    struct sigaction action {};
    if (sigaction(signal, nullptr, &action) != 0) continue;  // libc keeps it for itself
    const bool handled = (action.sa_flags & SA_SIGINFO) != 0 ||
                         (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
    if (handled && (action.sa_flags & SA_RESTART) == 0) return true;
  }
  return false;
}

}  // namespace dmasim
