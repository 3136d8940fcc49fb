// SPDX-License-Identifier: LGPL-2.1-or-later
/// A file descriptor for poll(). It is ready from set(true) until set(false): it shows a level, not
/// an edge.
///
/// For capture the level is POLLIN. For playback it is POLLOUT, since some programs (jackd,
/// PortAudio) use the raw events of poll(). The descriptor is an eventfd, and a full eventfd is not
/// ready for POLLOUT. No other code reads or writes the descriptor.
///
/// The owner decides the level under its own lock, and shows it: want(), then write(). A woken
/// program takes this lock first. So a thread that wakes a program may write after it has unlocked.
/// Another thread may then have decided, and written, in between. So the first thread looks at
/// wanted() after its write. And a hook that answers a position shows the newest level first, so
/// that poll() is never behind the answer.
///
/// FORK     In a child another descriptor has this number, and it is always ready. So a child does
///          not change the parent's level, and does not sleep for an event that never comes.
/// THREADS  want(): under the owner's lock. The other functions: any. The bodies are chosen at link
///          time, as those of sync.h.
#pragma once

#include <atomic>

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

  /// Shows `ready` at first. Errors: EMFILE, ENFILE, ENOMEM.
  Result<void> open(Sense sense, bool ready);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// POLLIN or POLLOUT.
  [[nodiscard]] short events() const noexcept;

  /// Decides the level.
  void want(bool ready) noexcept;
  /// The newest level that was decided.
  [[nodiscard]] bool wanted() const noexcept;
  /// Shows a level to poll(). Makes a system call, so call it only when the level changes.
  void write(bool ready) noexcept;
  /// Shows the newest level, if the thread that has decided it has not shown it yet. A hook calls
  /// it with the owner's lock, before it answers a position.
  void show_newest() noexcept {
    if (const bool newest = wanted(); newest != shown()) write(newest);
  }

  /// Blocks until the level is ready. False if a signal came before.
  [[nodiscard]] bool wait() const noexcept;

 private:
  [[nodiscard]] bool shown() const noexcept;

  ForkClosedFd fd_;
  // Atomic, because wanted() is read without the lock. A thread that has written an older level
  // must see the newer one, if that was written before. So the order is the default one.
  std::atomic<bool> wanted_{false};
  // The level of the last write() that has ended. Atomic, because write() needs no lock. A thread
  // that sees an old value writes once too often.
  std::atomic<bool> shown_{false};
  Sense sense_ = Sense::readable;
};

}  // namespace dmasim
