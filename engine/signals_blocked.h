// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keeps signals off the calling thread for a scope.
#pragma once

#include <cerrno>
#include <csignal>
#include <ctime>

namespace dmasim {

/// Blocks every signal. A thread that is made meanwhile is born with none open.
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

/// For calls that make a file longer: no signal interrupts them, and beyond RLIMIT_FSIZE they
/// answer EFBIG, without the SIGXFSZ that would end the program. Keeps errno.
class FileGrowth {
 public:
  FileGrowth() noexcept : was_pending_(pending()) {}
  ~FileGrowth() {
    const int error = errno;
    if (!was_pending_ && pending()) take_back();
    errno = error;
  }
  FileGrowth(const FileGrowth&) = delete;
  FileGrowth& operator=(const FileGrowth&) = delete;

 private:
  static bool pending() noexcept {
    sigset_t signals;
    return sigpending(&signals) == 0 && sigismember(&signals, SIGXFSZ) == 1;
  }
  static void take_back() noexcept {
    sigset_t signal;
    sigemptyset(&signal);
    sigaddset(&signal, SIGXFSZ);
    const timespec at_once{};
    sigtimedwait(&signal, nullptr, &at_once);
  }

  const SignalsBlocked blocked_;  // first: it is ended last
  const bool was_pending_;
};

}  // namespace dmasim
