// SPDX-License-Identifier: LGPL-2.1-or-later
/// Files that frames are recorded into. They block and may be slow; QueuedSink keeps them away from
/// the hardware role.
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

/// One file of one format, which grows.
///
/// THREADS  one at a time: first its maker's, then the I/O thread. To make one accesses no disk.
class Recording {
 public:
  virtual ~Recording() = default;

  struct Kept {
    uint64_t frames = 0;
    int error = 0;  ///< errno if not all frames were kept
  };
  /// Takes whole frames in the ring's format. After an error, the next call tries again.
  virtual Kept append(std::span<const std::byte> frames) noexcept = 0;

  /// Makes the file valid for the frames so far: format and length. Errors: those of write(2).
  virtual Result<void> sync() noexcept = 0;

  /// As sync(); no append() may follow.
  virtual Result<void> finish() noexcept = 0;
};

/// Begins a recording for each format of a stream.
class Recorder {
 public:
  virtual ~Recorder() = default;
  /// See Sink::look, for a format that is not being recorded yet.
  virtual Result<void> look(const PcmFormat& format) {
    static_cast<void>(format);
    return {};
  }
  /// See Sink::explain, after look() or begin() has answered `error`.
  [[nodiscard]] virtual std::string explain(int error) const {
    static_cast<void>(error);
    return {};
  }
  /// At most `bytes` come at a time, from now on: to the newest recording and to later ones.
  virtual void expect(size_t bytes) noexcept { static_cast<void>(bytes); }
  /// Errors: those of Sink::configure(). May throw std::bad_alloc.
  virtual Result<std::unique_ptr<Recording>> begin(const PcmFormat& format) = 0;
  /// See Sink::holds_rates(). [any]
  [[nodiscard]] virtual bool holds_rates(const PcmFormat& format,
                                         uint32_t most_hz) const noexcept = 0;
  /// After begin(): see Sink::recorded_into. Null if there is no such name.
  [[nodiscard]] virtual std::shared_ptr<const std::string> recorded_into() const noexcept {
    return nullptr;
  }
};

enum class FileType : uint8_t { wav, w64, flac, raw };

/// The type by the ending of the name; upper or lower case.
[[nodiscard]] std::optional<FileType> file_type_of(std::string_view path) noexcept;

[[nodiscard]] bool file_type_holds(FileType type, const PcmFormat& format) noexcept;

/// The same for `format` at every rate from its own to `most_hz`, which must not be lower.
[[nodiscard]] bool file_type_holds_rates(FileType type, const PcmFormat& format,
                                         uint32_t most_hz) noexcept;

/// An open file that is written at given offsets. A device or pipe can only be written at its end:
/// of a write at an earlier offset, the bytes that were sent before are skipped and the others are
/// sent. So if a device took only a part of a frame, the next frame at that offset supplies the
/// missing bytes, and frames stay whole. A pipe takes a write of up to kMostAtOnce bytes whole or
/// not at all. It may be full for `patience_ns` before a write answers EAGAIN.
class OutputFile {
 public:
  enum class Kind : uint8_t { file, device, pipe };
  static constexpr size_t kMostAtOnce = PIPE_BUF;

  OutputFile(ForkClosedFd fd, Kind kind, int64_t patience_ns = 0) noexcept
      : fd_(std::move(fd)), kind_(kind), patience_ns_(patience_ns) {}

  struct Wrote {
    size_t bytes = 0;
    int error = 0;  ///< errno if `bytes` is less than asked for
  };
  Wrote write_at(uint64_t offset, std::span<const std::byte> bytes) noexcept;
  /// Answers how many bytes it has read: fewer at the end of the file, or if it cannot be read.
  size_t read_at(uint64_t offset, std::span<std::byte> bytes) noexcept;
  /// Bytes that were sent to it cannot be written again.
  [[nodiscard]] bool device() const noexcept { return kind_ != Kind::file; }
  [[nodiscard]] bool pipe() const noexcept { return kind_ == Kind::pipe; }
  /// Cuts the file off at `size` bytes. No effect on a device or pipe.
  void truncate(uint64_t size) noexcept;

 private:
  [[nodiscard]] bool gets_room() const noexcept;

  ForkClosedFd fd_;
  Kind kind_;
  int64_t patience_ns_;
  uint64_t device_end_ = 0;
};

/// The offset at which a recording of `format` can go on in the file at `fd`, which must be
/// readable; 0 if it is empty. No value if the file holds another format, is no whole recording,
/// has a type that cannot grow (flac), or was written by another program (wav).
[[nodiscard]] std::optional<uint64_t> end_of_recording(FileType type, int fd,
                                                       const PcmFormat& format) noexcept;

/// Whether a w64 or a flac can hold samples of this format.
[[nodiscard]] bool sndfile_has_subtype(FileType type, SampleFormat format) noexcept;

/// Whether a w64 has the format that a recording of `format` would write.
[[nodiscard]] bool sndfile_holds(FileType type, int fd, const PcmFormat& format) noexcept;

/// Makes a recording of `format` into `file`, from the offset `end` on. file_type_holds() must be
/// true. `end` is 0 for an empty file; else the file is readable and `end` comes from
/// end_of_recording().
std::unique_ptr<Recording> make_recording(FileType type, OutputFile file, const PcmFormat& format,
                                          uint64_t end = 0);

/// The same for w64 and flac.
std::unique_ptr<Recording> make_sndfile_recording(FileType type, OutputFile file,
                                                  const PcmFormat& format, uint64_t end);

}  // namespace dmasim
