// SPDX-License-Identifier: LGPL-2.1-or-later
/// A file descriptor for poll(). It is ready from set(true) until set(false): it shows a level, not
/// an edge.
///
/// For capture the level is POLLIN. For playback it is POLLOUT, since some programs (jackd,
/// PortAudio) use the raw events of poll(). The descriptor is an eventfd, and a full eventfd is not
/// ready for POLLOUT. No other code reads or writes the descriptor.
///
/// The object does not change after open(). The owner remembers the level, under its own lock.
///
/// FORK     In a child another descriptor has this number, and it is always ready. So a child does
///          not change the parent's level, and does not sleep for an event that never comes.
/// THREADS  set(): under the owner's lock. The other functions: any. The bodies are chosen at link
///          time, as those of sync.h.
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

  /// The level is not ready at first. Errors: EMFILE, ENFILE, ENOMEM.
  Result<void> open(Sense sense);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// POLLIN or POLLOUT.
  [[nodiscard]] short events() const noexcept;

  /// Makes a system call. So call it only when the level changes.
  void set(bool ready) const noexcept;

  /// Blocks until the level is ready. False if a signal came before.
  [[nodiscard]] bool wait() const noexcept;

 private:
  ForkClosedFd fd_;
  Sense sense_ = Sense::readable;
};

}  // namespace dmasim
