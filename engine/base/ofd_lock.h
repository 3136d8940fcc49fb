// SPDX-License-Identifier: LGPL-2.1-or-later
/// Locks on ranges of a file that belong to the open file description. So two opens of a file in
/// one process exclude each other, and the kernel releases a lock when the last copy of the
/// descriptor is closed. No call waits.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <optional>

namespace dmasim {

[[nodiscard]] inline struct flock ofd_lock_of(short type, off_t first, off_t end) noexcept {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = first;
  lock.l_len = end - first;
  return lock;
}

/// `type` is F_RDLCK, F_WRLCK or F_UNLCK. Answers false if somebody else has a lock there, or for
/// the reason in errno.
inline bool set_ofd_lock(int fd, short type, off_t first, off_t end) noexcept {
  struct flock lock = ofd_lock_of(type, first, end);
  return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

/// A byte in the range that somebody else has locked, for reading or writing; empty if there is
/// none.
[[nodiscard]] inline std::optional<off_t> locked_by_others(int fd, off_t first,
                                                           off_t end) noexcept {
  if (first >= end) return std::nullopt;
  struct flock lock = ofd_lock_of(F_WRLCK, first, end);
  if (fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return std::clamp(lock.l_start, first, end - 1);
}

}  // namespace dmasim
