// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/recording/recording.h"

#include <poll.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>
#include <vector>

#include "engine/base/timespec.h"
#include "engine/pcm/sample_codec.h"
#include "engine/recording/wav_header.h"

namespace dmasim {
namespace {

constexpr size_t kScratchBytes = size_t{64} * 1024;

struct Ending {
  const char* text;
  FileType type;
};
constexpr Ending kEndings[] = {
    {".wav", FileType::wav},
    {".w64", FileType::w64},
    {".flac", FileType::flac},
    {".raw", FileType::raw},
};

/// The frame headers of a streamable FLAC can hold every rate up to here, above it only multiples
/// of 10.
constexpr uint32_t kFlacEachRateHz = 65'535;

bool flac_holds(const PcmFormat& format) noexcept {
  const bool rate =
      format.rate_hz <= kFlacEachRateHz || (format.rate_hz <= 655'350 && format.rate_hz % 10 == 0);
  return rate && format.channels <= 8 && sndfile_has_subtype(FileType::flac, format.sample);
}

/// Samples one after another, after a header (wav) or without one (raw).
class FlatRecording final : public Recording {
 public:
  FlatRecording(FileType type, OutputFile file, const PcmFormat& format, uint64_t end)
      : format_(format),
        wav_(type == FileType::wav),
        packs_(wav_ && (facts_of(format.sample).order != std::endian::little ||
                        packed_bytes(format.sample) != sample_bytes(format.sample))),
        frame_bytes_(wav_ ? packed_bytes(format.sample) * format.channels : format.frame_bytes()),
        data_at_(wav_ ? WavHeader(format, 0).bytes().size() : 0),
        file_(std::move(file)),
        data_bytes_(end > 0 ? end - data_at_ : 0) {
    if (packs_) scratch_.resize(std::max(kScratchBytes / frame_bytes_, size_t{1}) * frame_bytes_);
  }

  Kept append(std::span<const std::byte> frames) noexcept override {
    Kept kept;
    if (!begun_) {
      if (const auto begun = sync(); !begun) return {0, begun.error()};
    }
    const size_t ring_frame = format_.frame_bytes();
    size_t piece = packs_ ? scratch_.size() / frame_bytes_ : frames.size() / ring_frame;
    if (file_.pipe()) piece = std::max(OutputFile::kMostAtOnce / frame_bytes_, size_t{1});
    while (!frames.empty() && kept.error == 0) {
      const size_t count = std::min(piece, frames.size() / ring_frame);
      const auto wrote = write_frames(frames.first(count * ring_frame), count);
      const uint64_t whole = wrote.bytes / frame_bytes_;  // the next write completes the rest
      data_bytes_ += whole * frame_bytes_;
      kept.frames += whole;
      kept.error = wrote.error;
      frames = frames.subspan(count * ring_frame);
    }
    return kept;
  }

  Result<void> sync() noexcept override {
    if (wav_) {
      if (!file_.device()) {  // a pad byte sent to a device cannot be overwritten
        if (const auto padded = pad(); !padded) return padded;
      }
      const WavHeader header(format_, data_bytes_);
      if (const auto wrote = file_.write_at(0, header.bytes()); wrote.error != 0) {
        return Errno{wrote.error};
      }
    }
    begun_ = true;
    return {};
  }

  Result<void> finish() noexcept override {
    file_.truncate(end() + (wav_ ? data_bytes_ % 2 : 0));
    if (const auto synced = sync(); !synced) return synced;
    return wav_ && file_.device() ? pad() : Result<void>();
  }

 private:
  Result<void> pad() noexcept {
    if (data_bytes_ % 2 == 0) return {};
    const std::byte zero{0};
    if (const auto wrote = file_.write_at(end(), {&zero, 1}); wrote.error != 0) {
      return Errno{wrote.error};
    }
    return {};
  }
  OutputFile::Wrote write_frames(std::span<const std::byte> frames, size_t count) noexcept {
    if (!packs_) return file_.write_at(end(), frames);
    pack_little_endian(format_.sample, frames, scratch_.data());
    return file_.write_at(end(), std::span(scratch_).first(count * frame_bytes_));
  }
  [[nodiscard]] uint64_t end() const noexcept { return data_at_ + data_bytes_; }

  const PcmFormat format_;
  const bool wav_;
  const bool packs_;          // the file's samples are not the ring's bytes
  const size_t frame_bytes_;  // in the file
  const uint64_t data_at_;
  OutputFile file_;
  std::vector<std::byte> scratch_;
  bool begun_ = false;
  uint64_t data_bytes_;
};

}  // namespace

std::optional<FileType> file_type_of(std::string_view path) noexcept {
  for (const auto& [text, type] : kEndings) {
    const std::string_view ending(text);
    if (path.size() <= ending.size()) continue;
    if (strncasecmp(path.data() + path.size() - ending.size(), text, ending.size()) == 0)
      return type;
  }
  return std::nullopt;
}

bool file_type_holds(FileType type, const PcmFormat& format) noexcept {
  if (format.channels == 0 || format.rate_hz == 0) return false;
  switch (type) {
    case FileType::flac:
      return flac_holds(format);
    case FileType::w64:
      return sndfile_has_subtype(FileType::w64, format.sample) && format.channels <= 1024 &&
             format.rate_hz <= INT_MAX;  // libsndfile's limits
    case FileType::wav:
      return !is_dsd(format.sample) &&
             format.channels * uint64_t{packed_bytes(format.sample)} <= UINT16_MAX;
    case FileType::raw:
      return true;
  }
  return false;
}

bool file_type_holds_rates(FileType type, const PcmFormat& format, uint32_t most_hz) noexcept {
  PcmFormat most = format;
  most.rate_hz = most_hz;
  const bool holes =
      type == FileType::flac && most_hz > kFlacEachRateHz && most_hz > format.rate_hz;
  return !holes && file_type_holds(type, format) && file_type_holds(type, most);
}

/// Waits for room in a full pipe. Keeps errno.
bool OutputFile::gets_room() const noexcept {
  if (!pipe() || patience_ns_ <= 0) return false;
  const int error = errno;
  const timespec patience = to_timespec(patience_ns_);
  pollfd descriptor{.fd = fd_.get(), .events = POLLOUT, .revents = 0};
  const int ready = ppoll(&descriptor, 1, &patience, nullptr);
  errno = error;
  return ready > 0 && (descriptor.revents & POLLOUT) != 0;
}

OutputFile::Wrote OutputFile::write_at(uint64_t offset, std::span<const std::byte> bytes) noexcept {
  Wrote wrote;
  if (device() && offset < device_end_) {
    wrote.bytes = static_cast<size_t>(std::min<uint64_t>(device_end_ - offset, bytes.size()));
  }
  while (wrote.bytes < bytes.size()) {
    const auto rest = bytes.subspan(wrote.bytes);
    const ssize_t count = device() ? write(fd_.get(), rest.data(), rest.size())
                                   : pwrite(fd_.get(), rest.data(), rest.size(),
                                            static_cast<off_t>(offset + wrote.bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN && gets_room()) continue;
    if (count <= 0) {
      wrote.error = count < 0 ? errno : EIO;
      break;
    }
    wrote.bytes += static_cast<size_t>(count);
  }
  device_end_ = std::max(device_end_, offset + wrote.bytes);
  return wrote;
}

size_t OutputFile::read_at(uint64_t offset, std::span<std::byte> bytes) noexcept {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        pread(fd_.get(), &bytes[done], bytes.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

void OutputFile::truncate(uint64_t size) noexcept {
  // Frames behind the end were counted as lost already, and readers go by the header.
  if (!device() && ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return;
}

std::unique_ptr<Recording> make_recording(FileType type, OutputFile file, const PcmFormat& format,
                                          uint64_t end) {
  if (type == FileType::w64 || type == FileType::flac) {
    return make_sndfile_recording(type, std::move(file), format, end);
  }
  return std::make_unique<FlatRecording>(type, std::move(file), format, end);
}

}  // namespace dmasim
