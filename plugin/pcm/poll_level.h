// SPDX-License-Identifier: LGPL-2.1-or-later
/// A file descriptor that is ready for poll exactly while it is told to be: a true level, no pulse.
///
/// Capture is ready for POLLIN. Playback is ready for POLLOUT, so that programs which do not
/// translate events (jackd, PortAudio) are right too: an eventfd that is full cannot be written.
/// Nobody else reads or writes the descriptor.
///
/// Constant once open: which level it has, the owner remembers under its own lock.
///
/// FORK     a child has another descriptor under the number, always ready: it does not disturb the
///          parent's, and does not sleep for an event that nobody sends.
/// THREADS  set() under the owner's lock; the rest any. The bodies are a link seam, as those of
///          sync.h.
#pragma once

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"

namespace dmasim {

class PollLevel {
 public:
  enum class Sense { readable, writable };

  PollLevel() = default;
  ~PollLevel();
  PollLevel(const PollLevel&) = delete;
  PollLevel& operator=(const PollLevel&) = delete;

  /// Errors: EMFILE, ENFILE, ENOMEM. Not ready at first.
  Result<void> open(Sense sense);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// POLLIN or POLLOUT.
  [[nodiscard]] short events() const noexcept;

  /// Costs a system call, so only for changes.
  void set(bool ready) const noexcept;

  /// Blocks until ready. False when a signal came first.
  [[nodiscard]] bool wait() const noexcept;

 private:
  ForkClosedFd fd_;
  Sense sense_ = Sense::readable;
};

}  // namespace dmasim
