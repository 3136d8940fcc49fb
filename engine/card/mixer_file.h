// SPDX-License-Identifier: LGPL-2.1-or-later
/// The file in which a card's mixer lies, for all processes of its user: see docs/mixer.md.
///
/// Reads wait for nothing; a write waits for another one that is at it, for a second at most.
/// Whoever watches the file by inotify knows of a write when that returns: IN_MODIFY says that a
/// setting has changed, IN_ATTRIB that a stream of the card has begun or ended.
///
/// THREADS  one object, one thread at a time; any number of objects and processes for one card.
/// FORK     a child has no part in it: its copy of the descriptor, and with it the lock, is gone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/card/cable_directory.h"
#include "engine/card/mixer_record.h"

namespace dmasim {

class MixerFile {
 public:
  MixerFile() = default;

  /// Makes the file if there is none. `card` is valid as a cable's name is. Errors: EINVAL (the
  /// name); EACCES (directory or file is not this user's alone, or no plain file); EMFILE; those of
  /// mkdir(2) and open(2).
  static Result<MixerFile> create(const std::string& card,
                                  const CableDirectory& directory = CableDirectory::find());
  /// Makes nothing. Errors: ENOENT (nobody has), and as above.
  static Result<MixerFile> open(const std::string& card,
                                const CableDirectory& directory = CableDirectory::find());
  /// The same, in an open cable directory, and not to set(): waits for no fork(), so hooks may call
  /// it.
  static Result<MixerFile> open_in(int directory, const std::string& card);

  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Whether it still lies in the directory: somebody may have cleaned up.
  [[nodiscard]] bool linked() const noexcept;

  /// What holds now: defaults where nothing whole is written.
  [[nodiscard]] MixerRecord load() const noexcept;
  /// What holds now, if the file has changed since the last call, or this is the first. One read.
  [[nodiscard]] std::optional<MixerRecord> load_if_changed() noexcept;

  /// False: it is so already, and nothing was written. The value is valid. Errors: EBUSY (another
  /// writer is stopped half-way), ENOSPC and others of pwrite(2); nothing has changed then.
  Result<bool> set(size_t cell, uint32_t value) noexcept;

  /// A stream of the card has begun or ended.
  void tell_stream() const noexcept;

 private:
  using Slots = std::array<std::byte, kSlotsBytes<MixerRecord>>;

  static Result<MixerFile> of(Result<ForkClosedFd> fd);
  static Result<MixerFile> open_to_lock(int directory, const std::string& card, int flags);
  Result<bool> set_locked(size_t cell, uint32_t value) noexcept;

  ForkClosedFd fd_;
  std::optional<Slots> seen_;  // by load_if_changed()
  size_t seen_bytes_ = 0;
};

/// What holds now on a card; defaults if nothing can be read. Makes no file.
[[nodiscard]] MixerRecord read_mixer(
    const std::string& card, const CableDirectory& directory = CableDirectory::find()) noexcept;

}  // namespace dmasim
