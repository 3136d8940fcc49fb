// SPDX-License-Identifier: LGPL-2.1-or-later
/// Owns a file descriptor that is closed in children of fork(). A lock of an open file description
/// lives until the last copy of the descriptor is closed, so without this a child would hold its
/// parent's locks.
///
/// THREADS  any; one object, one thread at a time.
#pragma once

#include "engine/base/at_fork.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace dmasim {

class ForkClosedFd {
 public:
  /// What a child finds under the descriptor's number. closed: nothing. ready: a descriptor that
  /// poll(2) always reports as readable and writable. So a child that polls it wakes up, and no
  /// other file gets the number.
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

  /// For files that will be locked. Adopts the descriptor that `open_file` answers, a
  /// Result<UniqueFd>. A child that is forked between the open and the adoption keeps a copy. So if
  /// a fork() came in between, the file is closed before anybody locks it, and is opened again.
  /// open() waits for forks that are in progress, for 200 ms at most. It does not see a fork() that
  /// began before this code was loaded. Errors: those of `open_file` and of
  /// adopt().
  template <typename OpenFile>
  static Result<ForkClosedFd> open(OpenFile open_file);

  /// Errors: EMFILE (too many at a time), ENOMEM.
  static Result<ForkClosedFd> adopt(UniqueFd fd, InChild in_child = InChild::closed) noexcept;

  /// In a child that was forked since adopt(), the number does not belong to this object any more.
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
