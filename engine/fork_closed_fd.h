// SPDX-License-Identifier: LGPL-2.1-or-later
/// Owns a file descriptor that children of fork() do not keep: a lock that belongs to an open file
/// description lives as long as anybody has it open, so a child would hold its parent's locks.
///
/// THREADS  any; one object, one thread at a time.
#pragma once

#include "engine/result.h"
#include "engine/unique_fd.h"

namespace dmasim {

class ForkClosedFd {
 public:
  /// What a child finds under its number: nothing, or something that poll(2) always finds ready,
  /// for readers and writers. Who sleeps on it there wakes up, and no other file gets the number.
  enum class InChild { closed, ready };

  ForkClosedFd() = default;
  ForkClosedFd(ForkClosedFd&& other) noexcept
      : fd_(std::move(other.fd_)), slot_(std::exchange(other.slot_, -1)) {}
  ForkClosedFd& operator=(ForkClosedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(slot_, other.slot_);
    return *this;
  }
  ~ForkClosedFd();

  /// Errors: EMFILE (too many at a time), ENOMEM.
  static Result<ForkClosedFd> adopt(UniqueFd fd, InChild in_child = InChild::closed) noexcept;

  /// In a child that was forked since adopt() the number is not this object's any more.
  [[nodiscard]] int get() const noexcept { return fd_.get(); }
  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

 private:
  UniqueFd fd_;
  int slot_ = -1;
};

}  // namespace dmasim
