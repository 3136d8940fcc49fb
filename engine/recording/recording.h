// SPDX-License-Identifier: LGPL-2.1-or-later
/// Files that frames are recorded into. Slow and blocking: QueuedSink keeps them off the hardware.
#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/pcm/pcm_format.h"

namespace dmasim {

/// One file of one format, growing.
///
/// THREADS  one at a time: who made it, then the I/O thread. Making one touches no disk.
class Recording {
 public:
  virtual ~Recording() = default;

  struct Kept {
    uint64_t frames = 0;
    int error = 0;  ///< the errno of what kept it from keeping them all
  };
  /// Takes whole frames as the ring holds them. After an error the next ones are tried again.
  virtual Kept append(std::span<const std::byte> frames) noexcept = 0;

  /// Makes the file valid up to here: what it is and how long. Errors: those of write(2).
  virtual Result<void> sync() noexcept = 0;

  /// sync(), and no append() follows.
  virtual Result<void> finish() noexcept = 0;
};

/// Begins a recording for each format that a stream takes on.
class Recorder {
 public:
  virtual ~Recorder() = default;
  /// See Sink::look, for a format that is not being recorded yet.
  virtual Result<void> look(const PcmFormat& format) {
    static_cast<void>(format);
    return {};
  }
  /// So many bytes may come at a time from the next recording on, and from the newest one.
  virtual void expect(size_t bytes) noexcept { static_cast<void>(bytes); }
  /// Errors: those of Sink::configure(). May throw std::bad_alloc.
  virtual Result<std::unique_ptr<Recording>> begin(const PcmFormat& format) = 0;
  /// As Sink::holds(): from any thread.
  [[nodiscard]] virtual bool holds(const PcmFormat& format) const noexcept = 0;
  /// After begin(): see Sink::recorded_into. Null: no name.
  [[nodiscard]] virtual std::shared_ptr<const std::string> recorded_into() const noexcept {
    return nullptr;
  }
};

enum class FileType : uint8_t { wav, w64, flac, raw };

/// By the ending of the name, in capitals or not.
[[nodiscard]] std::optional<FileType> file_type_of(std::string_view path) noexcept;

[[nodiscard]] bool file_type_holds(FileType type, const PcmFormat& format) noexcept;

/// The same for `format` at its own rate, at `most_hz`, which is no less, and at each between them.
[[nodiscard]] bool file_type_holds_rates(FileType type, const PcmFormat& format,
                                         uint32_t most_hz) noexcept;

/// An open file that is written at given places. A device or a pipe has one place, its end: of what
/// is written over what has gone out already, only the part behind it goes out. A frame of which a
/// device took one part is therefore completed by the next one, and frames stay whole. A pipe takes
/// what is no longer than kMostAtOnce whole or not at all.
class OutputFile {
 public:
  enum class Kind : uint8_t { file, device, pipe };
  static constexpr size_t kMostAtOnce = PIPE_BUF;

  OutputFile(ForkClosedFd fd, Kind kind) noexcept : fd_(std::move(fd)), kind_(kind) {}

  struct Wrote {
    size_t bytes = 0;
    int error = 0;  ///< errno when they are fewer than asked for
  };
  Wrote write_at(uint64_t offset, std::span<const std::byte> bytes) noexcept;
  /// How many bytes of the file it read: fewer where the file ends, or cannot be read.
  size_t read_at(uint64_t offset, std::span<std::byte> bytes) noexcept;
  /// What has gone out to it cannot be written again.
  [[nodiscard]] bool device() const noexcept { return kind_ != Kind::file; }
  [[nodiscard]] bool pipe() const noexcept { return kind_ == Kind::pipe; }
  /// Cuts off what lies behind `size`.
  void truncate(uint64_t size) noexcept;

 private:
  ForkClosedFd fd_;
  Kind kind_;
  uint64_t device_end_ = 0;
};

/// The place in the file at `fd`, which can be read, where a recording of `format` can go on: 0 in
/// an empty one. None if the file holds another format, is no whole recording, or of a type that
/// does not grow (flac), or was written by others (wav).
[[nodiscard]] std::optional<uint64_t> end_of_recording(FileType type, int fd,
                                                       const PcmFormat& format) noexcept;

/// Of a w64: it has the samples that a recording of `format` has.
[[nodiscard]] bool sndfile_holds(FileType type, int fd, const PcmFormat& format) noexcept;

/// A recording of `format`, which file_type_holds(), into `file` from `end` on. That is 0 and the
/// file empty, or end_of_recording() of a file that can be read.
std::unique_ptr<Recording> make_recording(FileType type, OutputFile file, const PcmFormat& format,
                                          uint64_t end = 0);

/// w64 and flac.
std::unique_ptr<Recording> make_sndfile_recording(FileType type, OutputFile file,
                                                  const PcmFormat& format, uint64_t end);

}  // namespace dmasim
