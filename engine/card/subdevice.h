// SPDX-License-Identifier: LGPL-2.1-or-later
/// The subdevices of a card's PCM devices. Each subdevice has at most one owner per direction,
/// among all processes of one user. A PCM owns it from open to close.
///
/// The owner holds a lock on a byte of the card's lock file (lock_file.h). The kernel releases the
/// lock when the process ends, in whatever way. No call waits for an owner. The file stays when all
/// PCMs are closed: removing it could take the lock away from a process that is opening it just
/// then.
///
/// Each object has opened the file itself. Locks of one open file description do not exclude each
/// other, so the PCMs of a process do not share one.
///
/// A subdevice that a module of another format owns counts as owned (other_formats.h).
///
/// THREADS  any; one object, one thread at a time.
/// FORK     a child owns nothing: its copy of the lock is closed (engine/base/fork_closed_fd.h).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/card/cable_directory.h"
#include "engine/card/lock_file.h"

namespace dmasim {

class Subdevice {
 public:
  /// Errors: EBUSY (it has an owner), EACCES (another user may access the directory or the lock
  /// file, or that is no plain file or longer than a lock file), EINVAL (numbers that no card has),
  /// EMFILE, and those of mkdir(2), open(2) and fcntl(2).
  static Result<Subdevice> acquire(const PcmDevice& device, unsigned number,
                                   const CableDirectory& directory = CableDirectory::find());
  /// Acquires the first of `count` subdevices that is free. Errors: EBUSY (all have owners), and as
  /// above.
  static Result<Subdevice> acquire_any(const PcmDevice& device, unsigned count,
                                       const CableDirectory& directory = CableDirectory::find());

  Subdevice(Subdevice&&) noexcept = default;
  Subdevice& operator=(Subdevice&&) = delete;
  ~Subdevice();  ///< frees it for others

  [[nodiscard]] unsigned number() const noexcept { return number_; }

 private:
  explicit Subdevice(ForkClosedFd lock_file) noexcept : lock_file_(std::move(lock_file)) {}
  static Result<Subdevice> acquire_first(const PcmDevice& device, unsigned first, unsigned end,
                                         const CableDirectory& place);
  Result<void> lock(int all_formats, const PcmDevice& device, unsigned number);
  void unlock() noexcept;

  ForkClosedFd lock_file_;
  std::optional<off_t> index_;  // of the lock
  unsigned number_ = 0;
};

/// For a message: the process that owns the subdevice. 0 if it has no owner, or if the owner cannot
/// be seen from here, as in another PID namespace.
[[nodiscard]] pid_t subdevice_owner(const PcmDevice& device, unsigned number,
                                    const CableDirectory& directory = CableDirectory::find());

/// For a message: the path of the lock, if a module of another format owns the subdevice. Else
/// empty.
[[nodiscard]] std::string subdevice_lock_of_another_format(
    const PcmDevice& device, unsigned number,
    const CableDirectory& directory = CableDirectory::find());

}  // namespace dmasim
