// SPDX-License-Identifier: LGPL-2.1-or-later
/// The file of a cable: its path, its locks and its bytes.
///
/// No call waits for a lock: it tries and fails. The bytes lie in memory. Offsets and sizes that
/// come from the file are checked before use.
///
/// THREADS  one object, one thread at a time; any number of objects and processes for one cable.
/// FORK     a child cannot use it: its copy of the descriptor is closed, so it holds no locks.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/cable/cable_record.h"
#include "engine/card/cable_directory.h"
#include "engine/pcm/pcm_format.h"

namespace dmasim {

/// The format that the participants of a cable have agreed on, or that its writer has imposed.
/// Empty while there are none. Makes no file.
[[nodiscard]] std::optional<PcmFormat> cable_carries(
    const std::string& name, const CableDirectory& directory = CableDirectory::find()) noexcept;

/// What a cable does at present.
struct CableState {
  std::optional<PcmFormat> format;  ///< of what plays, or has played last; may be empty
  bool active = false;              ///< a stream plays, and is not paused
  bool noninterleaved = false;      ///< the access of what plays, or has played last
};
[[nodiscard]] CableState cable_state(
    const std::string& name, const CableDirectory& directory = CableDirectory::find()) noexcept;

class CableFile {
 public:
  CableFile() = default;
  ~CableFile();  ///< releases all locks
  CableFile(CableFile&&) noexcept = default;
  CableFile& operator=(CableFile&&) noexcept = default;
  /// Makes the file if there is none. Errors: EINVAL (the name); EACCES (another user may access
  /// the directory or the file, or it is not a plain file); those of open(2); EMFILE.
  static Result<CableFile> open(const std::string& name,
                                const CableDirectory& directory = CableDirectory::find());

  /// Says whether open() would succeed. Makes nothing. Errors: those of open().
  static Result<void> look(const std::string& name,
                           const CableDirectory& directory = CableDirectory::find());

  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

  /// Takes part in the cable with `format`, and no longer with the format of an earlier join(). If
  /// others take part with another format, it calls `overrules`, which a writer may give; if that
  /// answers true, their format does not matter. Errors: EINVAL (others take part with another
  /// format, and no writer writes `format`: see conflict()); EBUSY (the lock failed).
  Result<void> join(const PcmFormat& format, const std::function<bool()>& overrules = {}) noexcept;
  void leave() noexcept;
  /// The other format that join() found.
  [[nodiscard]] const std::optional<PcmFormat>& conflict() const noexcept { return conflict_; }
  [[nodiscard]] bool others_joined() const noexcept;

  /// Errors: EBUSY (another one writes).
  Result<void> lock_writer() noexcept;
  void unlock_writer() noexcept;
  /// Whether any other object, in this process or another one, is the writer.
  [[nodiscard]] bool has_writer() const noexcept;
  /// The format of the other writer. Empty if there is none, or if it has not stored its record
  /// yet.
  [[nodiscard]] std::optional<PcmFormat> written() const noexcept;

  /// Empties the file if nobody takes part in the cable any more. Then nobody needs its content.
  void reclaim() noexcept;
  /// Drops all content. Errors: those of ftruncate(2).
  Result<void> clear() noexcept;
  /// Makes room for `data_bytes` of samples, and keeps the content. Allocates `first_bytes` of them
  /// at once, from `data_offset` on; the others are allocated when they are written. Errors:
  /// ENOSPC, EFBIG and others of ftruncate(2) and posix_fallocate(3).
  Result<void> allocate(uint64_t data_bytes, uint64_t data_offset, uint64_t first_bytes) noexcept;

  /// Reads the newest whole record, with the newest progress.
  [[nodiscard]] std::optional<CableRecord> load() noexcept;
  /// The sequence of the progress that load(), store() or store_progress() had to do with last.
  [[nodiscard]] uint64_t progress_sequence() const noexcept { return progress_sequence_; }
  /// Reads the newest progress.
  [[nodiscard]] std::optional<CableProgress> load_progress() const noexcept;
  /// Raises the sequence number, seals the record and writes it, then the progress. Answers false
  /// if that fails.
  bool store(CableRecord& record) noexcept;
  /// Writes the progress alone. Only reserved_tape and committed_tape have changed since store(),
  /// and the latter has risen. If the store() failed, this tries it again.
  bool store_progress(CableRecord& record) noexcept;

  /// Writes which access the writer's program uses, for CableState.
  void store_access(bool noninterleaved) noexcept;

  /// Reads or writes samples at `data_offset` bytes. read() answers false if not all of them were.
  bool read(uint64_t data_offset, std::span<std::byte> out) const noexcept;
  /// Errors: those of pwrite(2), for example ENOSPC; EIO.
  Result<void> write(uint64_t data_offset, std::span<const std::byte> bytes) const noexcept;

 private:
  bool write_progress(const CableRecord& record) noexcept;

  ForkClosedFd fd_;
  std::optional<PcmFormat> joined_;
  std::optional<PcmFormat> conflict_;
  bool writer_ = false;
  bool stored_ = false;  // the newest store() has succeeded
  uint64_t progress_sequence_ = 0;
};

}  // namespace dmasim
