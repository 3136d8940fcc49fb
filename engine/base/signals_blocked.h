// SPDX-License-Identifier: LGPL-2.1-or-later
/// Blocks signals in the calling thread for a scope.
#pragma once

#include <cerrno>
#include <csignal>
#include <ctime>

namespace dmasim {

/// Blocks every signal. A thread that is made meanwhile starts with all signals blocked.
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

 private:
  sigset_t before_;
};

/// For calls that write to a file: no signal interrupts them. Beyond RLIMIT_FSIZE they answer
/// EFBIG, and for a pipe without a reader EPIPE. SIGXFSZ and SIGPIPE, which would end the program,
/// do not reach it. Keeps errno.
class FileGrowth {
 public:
  FileGrowth() noexcept { sigpending(&pending_before_); }
  ~FileGrowth() {
    const int error = errno;
    consume_pending(SIGXFSZ);
    consume_pending(SIGPIPE);
    errno = error;
  }
  FileGrowth(const FileGrowth&) = delete;
  FileGrowth& operator=(const FileGrowth&) = delete;

 private:
  /// Removes a pending signal, unless it was pending before.
  void consume_pending(int number) const noexcept {
    sigset_t pending;
    if (sigismember(&pending_before_, number) == 1) return;
    if (sigpending(&pending) != 0 || sigismember(&pending, number) != 1) return;
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
