// SPDX-License-Identifier: LGPL-2.1-or-later
/// The file behind a cable: where it lies, who may use it, and its bytes.
///
/// Nothing waits: the locks are tried, the bytes lie in memory. No offset or size comes from the
/// file unchecked.
///
/// THREADS  one object, one thread at a time; any number of objects and processes for one cable.
/// FORK     a child has no part in it: its copy of the descriptor, and with it the locks, is gone.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/cable/cable_record.h"
#include "engine/card/cable_directory.h"
#include "engine/pcm/pcm_format.h"

namespace dmasim {

/// What the participants of a cable have agreed on, or what its writer has made them hear; nothing
/// while there are none. Makes no file.
[[nodiscard]] std::optional<PcmFormat> cable_carries(
    const std::string& name, const CableDirectory& directory = CableDirectory::find()) noexcept;

/// What a cable is at.
struct CableState {
  std::optional<PcmFormat> format;  ///< of what plays, or has played last; none: nobody has
  bool active = false;              ///< something plays, and does not pause
};
[[nodiscard]] CableState cable_state(
    const std::string& name, const CableDirectory& directory = CableDirectory::find()) noexcept;

using CableSlots = std::array<std::byte, kDataOffset>;

class CableFile {
 public:
  CableFile() = default;
  ~CableFile();  ///< lets go of all locks
  CableFile(CableFile&&) noexcept = default;
  CableFile& operator=(CableFile&&) noexcept = default;
  /// Makes the file if there is none. Errors: EINVAL (the name); EACCES (directory or file is not
  /// this user's alone, or no plain file); those of open(2); EMFILE.
  static Result<CableFile> open(const std::string& name,
                                const CableDirectory& directory = CableDirectory::find());

  /// Whether open() could have it; makes nothing. Errors: as open().
  static Result<void> look(const std::string& name,
                           const CableDirectory& directory = CableDirectory::find());

  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

  /// Takes part in `format`, and no more in another one, whatever others have if it `overrules`
  /// them, as who writes may. Errors: EINVAL (others are there with another format, and it is not
  /// the one that is written: see conflict()); EBUSY (it could not be locked).
  Result<void> join(const PcmFormat& format, bool overrules = false) noexcept;
  void leave() noexcept;
  /// The format that join() met.
  [[nodiscard]] const std::optional<PcmFormat>& conflict() const noexcept { return conflict_; }
  [[nodiscard]] bool others_joined() const noexcept;

  /// Errors: EBUSY (another one writes).
  Result<void> lock_writer() noexcept;
  void unlock_writer() noexcept;
  /// Whether anybody but this object writes.
  [[nodiscard]] bool has_writer() const noexcept;
  /// The format in which another one writes, if one has got so far.
  [[nodiscard]] std::optional<PcmFormat> written() const noexcept;

  /// Empties the file if nobody takes part in it any more. What is left belongs to nobody.
  void reclaim() noexcept;
  /// Forgets everything, then has memory for `data_bytes` of samples.
  Result<void> renew(uint64_t data_bytes) noexcept;
  /// Has memory for `data_bytes` of samples, and keeps those that there are. Errors: ENOSPC, EFBIG.
  Result<void> allocate(uint64_t data_bytes) noexcept;

  /// The newest whole record; one try.
  [[nodiscard]] std::optional<CableRecord> load() noexcept;
  /// Counts the sequence up, seals and writes. False: it is not there.
  bool store(CableRecord& record) const noexcept;

  /// Samples at `data_offset` bytes. False: not all of them.
  bool read(uint64_t data_offset, std::span<std::byte> out) const noexcept;
  bool write(uint64_t data_offset, std::span<const std::byte> bytes) const noexcept;

 private:
  ForkClosedFd fd_;
  std::optional<PcmFormat> joined_;
  std::optional<PcmFormat> conflict_;
  bool writer_ = false;
  CableSlots decoded_{};      // as they were when load() decoded them, ...
  size_t decoded_bytes_ = 0;  // ... so many bytes
  std::optional<CableRecord> record_;
};

}  // namespace dmasim
