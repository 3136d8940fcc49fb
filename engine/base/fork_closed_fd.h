// SPDX-License-Identifier: LGPL-2.1-or-later
/// Owns a file descriptor that children of fork() do not keep: a lock that belongs to an open file
/// description lives as long as anybody has it open, so a child would hold its parent's locks.
///
/// THREADS  any; one object, one thread at a time.
#pragma once

#include <cstdint>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace dmasim {

/// Whether the process forks meanwhile.
class ForkWatch {
 public:
  ForkWatch() noexcept;
  /// Waits until no fork() is on its way, and looks for others from now on.
  void begin() noexcept;
  /// Whether none has come since, or no more patience is left.
  [[nodiscard]] bool good() const noexcept;

 private:
  [[nodiscard]] bool patient() const noexcept;
  int64_t deadline_ns_;
  unsigned seen_ = 0;
};

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

  /// For what carries locks: adopts what `open_file` answers, a Result<UniqueFd>. A child that is
  /// forked between an open and its adoption keeps a copy, so what was opened then is closed,
  /// before anybody locks it, and opened again. Waits for forks that are on their way, for 200 ms
  /// at most; one that had begun before the process came here for the first time goes unseen.
  /// Errors: those of `open_file` and of adopt().
  template <typename OpenFile>
  static Result<ForkClosedFd> open(OpenFile open_file);

  /// Errors: EMFILE (too many at a time), ENOMEM.
  static Result<ForkClosedFd> adopt(UniqueFd fd, InChild in_child = InChild::closed) noexcept;

  /// In a child that was forked since adopt() the number is not this object's any more.
  [[nodiscard]] int get() const noexcept { return fd_.get(); }
  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

 private:
  UniqueFd fd_;
  int slot_ = -1;
};

template <typename OpenFile>
Result<ForkClosedFd> ForkClosedFd::open(OpenFile open_file) {
  for (ForkWatch watch;;) {
    watch.begin();
    Result<UniqueFd> file = open_file();
    if (!file) return file.as_errno();
    Result<ForkClosedFd> owned = adopt(*std::move(file));
    if (!owned || watch.good()) return owned;
  }
}

}  // namespace dmasim
