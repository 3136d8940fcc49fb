// SPDX-License-Identifier: LGPL-2.1-or-later
/// The subdevices of a card's PCM devices. Each subdevice has at most one owner per direction,
/// among all processes of one user. A PCM owns it from open to close.
///
/// The owner holds a lock on a file in the cable directory. The kernel releases the lock when the
/// process ends, in whatever way. No call waits. A file that is not locked was left by an owner
/// that was killed by SIGKILL; the next owner takes it over. Closing the PCM removes the file.
///
/// THREADS  any; one object, one thread at a time.
/// FORK     a child owns nothing: its copy of the lock is closed (engine/base/fork_closed_fd.h).
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
  unsigned number = 0;  ///< the number of the card's device
  bool loop = false;    ///< one of the loops, which are numbered separately
  bool playback = true;
};

class Subdevice {
 public:
  /// Errors: EBUSY (it has an owner), EACCES (another user may access the directory or the file, or
  /// it is not a plain file), EMFILE, and those of mkdir(2), open(2) and flock(2).
  static Result<Subdevice> take(const PcmDevice& device, unsigned number,
                                const CableDirectory& directory = CableDirectory::find());
  /// Takes the first of `count` subdevices that is free. Those that cannot be locked are skipped.
  /// Errors: EBUSY (all have owners); if none is free and some could not be locked, the error of
  /// the first of those, as above.
  static Result<Subdevice> take_any(const PcmDevice& device, unsigned count,
                                    const CableDirectory& directory = CableDirectory::find());

  Subdevice(Subdevice&&) noexcept = default;
  Subdevice& operator=(Subdevice&&) = delete;
  ~Subdevice();  ///< frees it for others

  [[nodiscard]] unsigned number() const noexcept { return number_; }

 private:
  Subdevice(unsigned number, UniqueFd directory, ForkClosedFd lock, std::string file) noexcept
      : number_(number),
        directory_(std::move(directory)),
        lock_(std::move(lock)),
        file_(std::move(file)) {}
  /// Moves `directory` into the result only if it succeeds.
  static Result<Subdevice> take_in(UniqueFd& directory, const PcmDevice& device, unsigned number);

  unsigned number_;
  UniqueFd directory_;
  ForkClosedFd lock_;
  std::string file_;
};

/// For a message: the process that owns the subdevice, according to the text that the owner writes
/// into the file. 0 if unknown.
[[nodiscard]] pid_t subdevice_owner(const PcmDevice& device, unsigned number,
                                    const CableDirectory& directory = CableDirectory::find());

}  // namespace dmasim
