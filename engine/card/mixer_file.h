// SPDX-License-Identifier: LGPL-2.1-or-later
/// The file that holds a card's mixer, for all processes of a user: see docs/mixer.md.
///
/// A read does not wait. A write waits while another process writes, for a second at most. A
/// process that watches the file by inotify has the event when the write returns: IN_MODIFY says
/// that a setting has changed, IN_ATTRIB that a stream of the card has begun or ended.
///
/// THREADS  one object, one thread at a time; any number of objects and processes for one card.
/// FORK     a child cannot use it: its copy of the descriptor is closed, so it holds no lock.
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

  /// Makes the file if there is none. `card` has to be a valid card name. Errors: EINVAL (the
  /// name); EACCES (another user may access the directory or the file, or it is not a plain file);
  /// EMFILE; those of mkdir(2) and open(2).
  static Result<MixerFile> create(const std::string& card,
                                  const CableDirectory& directory = CableDirectory::find());
  /// Does not make the file. Errors: ENOENT (there is none), and as above.
  static Result<MixerFile> open(const std::string& card,
                                const CableDirectory& directory = CableDirectory::find());
  /// The same in a cable directory that is open already; set() must not be called then. It does not
  /// wait for a fork(), so an ALSA callback may call it.
  static Result<MixerFile> open_in(int directory, const std::string& card);

  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Whether the file is still in the directory: somebody may have removed it.
  [[nodiscard]] bool linked() const noexcept;

  /// The present settings; the defaults if the file has no whole record.
  [[nodiscard]] MixerRecord load() const noexcept;
  /// The present settings if the file has changed since the last call, or if this is the first
  /// call. One read, unless that finds a record half written.
  [[nodiscard]] std::optional<MixerRecord> load_if_changed() noexcept;

  /// Answers false if the cell has this value already; nothing is written then. The caller has
  /// checked the value. Errors: EBUSY (another writer was stopped during its write), ENOSPC and
  /// others of pwrite(2). After an error nothing has changed.
  Result<bool> set(size_t cell, uint32_t value) noexcept;

  /// Notifies watchers that a stream of the card has begun or ended.
  void notify_stream() const noexcept;

 private:
  using Slots = std::array<std::byte, kSlotsBytes<MixerRecord>>;

  static Result<MixerFile> of(Result<ForkClosedFd> fd);
  static Result<MixerFile> open_to_lock(int directory, const std::string& card, int flags);
  Result<bool> set_locked(size_t cell, uint32_t value) noexcept;

  ForkClosedFd fd_;
  std::optional<Slots> seen_;  // read by load_if_changed()
  size_t seen_bytes_ = 0;
};

/// The present settings of a card; the defaults if nothing can be read. Makes no file.
[[nodiscard]] MixerRecord read_mixer(
    const std::string& card, const CableDirectory& directory = CableDirectory::find()) noexcept;

}  // namespace dmasim
