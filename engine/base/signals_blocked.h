// SPDX-License-Identifier: LGPL-2.1-or-later
/// Blocks signals in the calling thread for a scope.
#pragma once

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace dmasim {

/// Blocks every signal.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  /// Says whether the thread blocked this signal already.
  [[nodiscard]] bool blocked_before(int number) const noexcept {
    return sigismember(&before_, number) == 1;
  }

 private:
  sigset_t before_;
};

/// For calls that write to a file: no signal interrupts them. Beyond RLIMIT_FSIZE they answer
/// EFBIG, and for a pipe without a reader EPIPE. SIGXFSZ and SIGPIPE, which would end the program,
/// do not reach it. Keeps errno.
class FileGrowth {
 public:
  FileGrowth() noexcept {
    sigemptyset(&pending_before_);
    const bool may_be_pending =
        blocked_.blocked_before(SIGXFSZ) || blocked_.blocked_before(SIGPIPE);
    if (may_be_pending) sigpending(&pending_before_);
  }
  ~FileGrowth() {
    const int error = errno;
    sigset_t pending;
    if (sigpending(&pending) == 0) {
      for (const int number : std::array{SIGXFSZ, SIGPIPE}) {
        const bool came = sigismember(&pending, number) == 1;
        if (came && sigismember(&pending_before_, number) == 0) consume(number);
      }
    }
    errno = error;
  }
  FileGrowth(const FileGrowth&) = delete;
  FileGrowth& operator=(const FileGrowth&) = delete;

 private:
  static void consume(int number) noexcept {
    sigset_t signal;
    sigemptyset(&signal);
    sigaddset(&signal, number);
    const timespec at_once{};
    sigtimedwait(&signal, nullptr, &at_once);
  }

  const SignalsBlocked blocked_;  // declared first, so destroyed last
  sigset_t pending_before_;
};

}  // namespace dmasim
