// SPDX-License-Identifier: LGPL-2.1-or-later
/// The subdevices of a card's PCM devices: each has one owner per direction, from open to close,
/// among all processes of one user.
///
/// The owner holds a lock on a file in the cable directory, which ends with the process whatever
/// ends it. Nothing waits. A file that lies there unlocked was left by a SIGKILL and is taken over;
/// after a close there is none.
///
/// THREADS  any; one object, one thread at a time.
/// FORK     a child has no part in it: its copy of the lock is gone (engine/base/fork_closed_fd.h).
#pragma once

#include <sys/types.h>

#include <string>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/card/cable_directory.h"

namespace dmasim {

/// A PCM device in one direction.
struct PcmDevice {
  std::string card;     ///< letters, digits, '.', '_' and '-', not with '.' in front
  unsigned number = 0;  ///< of the card's devices
  bool loop = false;    ///< one of the loops, which are numbered apart
  bool playback = true;
};

class Subdevice {
 public:
  /// Errors: EBUSY (it has an owner), EACCES (directory or file is not this user's alone, or no
  /// plain file), EMFILE, and those of mkdir(2), open(2) and flock(2).
  static Result<Subdevice> take(const PcmDevice& device, unsigned number,
                                const CableDirectory& directory = CableDirectory::find());
  /// The first of `count` that is free; those that cannot be locked are passed over. Errors: EBUSY
  /// (all have owners); as above, of the first that cannot be locked where no other is free.
  static Result<Subdevice> take_any(const PcmDevice& device, unsigned count,
                                    const CableDirectory& directory = CableDirectory::find());

  Subdevice(Subdevice&&) noexcept = default;
  Subdevice& operator=(Subdevice&&) = delete;
  ~Subdevice();  ///< free for others

  [[nodiscard]] unsigned number() const noexcept { return number_; }

 private:
  Subdevice(unsigned number, UniqueFd directory, ForkClosedFd lock, std::string file) noexcept
      : number_(number),
        directory_(std::move(directory)),
        lock_(std::move(lock)),
        file_(std::move(file)) {}
  /// Keeps `directory` if it succeeds.
  static Result<Subdevice> take_in(UniqueFd& directory, const PcmDevice& device, unsigned number);

  unsigned number_;
  UniqueFd directory_;
  ForkClosedFd lock_;
  std::string file_;
};

/// The process that says it owns the subdevice, for a message: whoever writes the file says so.
/// 0 if unknown.
[[nodiscard]] pid_t subdevice_owner(const PcmDevice& device, unsigned number,
                                    const CableDirectory& directory = CableDirectory::find());

}  // namespace dmasim
