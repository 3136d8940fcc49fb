// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/process/signals.h"

#include <algorithm>
#include <array>
#include <csignal>

namespace dmasim {
namespace {

/// A thread raises these signals by its own instructions, never while it sleeps in poll(). Language
/// runtimes and sanitizers install handlers for them.
constexpr std::array kOwnFaults{SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};

}  // namespace

bool signals_interrupt() noexcept {
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    if (std::find(kOwnFaults.begin(), kOwnFaults.end(), signal) != kOwnFaults.end()) continue;
    struct sigaction action {};
    if (sigaction(signal, nullptr, &action) != 0) continue;  // libc uses this signal itself
    const bool handled = (action.sa_flags & SA_SIGINFO) != 0 ||
                         (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
    if (handled && (action.sa_flags & SA_RESTART) == 0) return true;
  }
  return false;
}

}  // namespace dmasim
