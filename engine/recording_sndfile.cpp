// SPDX-License-Identifier: LGPL-2.1-or-later
/// What libsndfile writes: W64 and FLAC. Its disk accesses come back to an OutputFile, since its
/// own error report does not keep the errno.
#include <sndfile.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "engine/recording.h"
#include "engine/sample_codec.h"

namespace dmasim {
namespace {

constexpr size_t kScratchSamples = size_t{8} * 1024;

sf_count_t write_items(SNDFILE* file, const int32_t* items, sf_count_t count) noexcept {
  return sf_write_int(file, items, count);
}
sf_count_t write_items(SNDFILE* file, const float* items, sf_count_t count) noexcept {
  return sf_write_float(file, items, count);
}
sf_count_t write_items(SNDFILE* file, const double* items, sf_count_t count) noexcept {
  return sf_write_double(file, items, count);
}

int sndfile_subtype(FileType type, SampleFormat format) noexcept {
  if (sample_kind(format) == SampleKind::float32) return SF_FORMAT_FLOAT;
  if (sample_kind(format) == SampleKind::float64) return SF_FORMAT_DOUBLE;
  switch (sample_bits(format)) {
    case 8:
      return type == FileType::flac ? SF_FORMAT_PCM_S8 : SF_FORMAT_PCM_U8;
    case 16:
      return SF_FORMAT_PCM_16;
    case 24:
      return SF_FORMAT_PCM_24;
    default:
      return SF_FORMAT_PCM_32;
  }
}

/// The file as libsndfile sees it.
class VirtualFile {
 public:
  explicit VirtualFile(OutputFile file) noexcept : file_(std::move(file)) {}

  SNDFILE* open(SF_INFO& info) noexcept { return sf_open_virtual(&kCalls, SFM_WRITE, &info, this); }
  /// The errno of the first refusal, 0 if none.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  static VirtualFile& of(void* self) noexcept { return *static_cast<VirtualFile*>(self); }
  static sf_count_t size(void* self) { return of(self).size_; }
  static sf_count_t tell(void* self) { return of(self).place_; }
  static sf_count_t read(void*, sf_count_t, void*) { return 0; }
  static sf_count_t seek(sf_count_t offset, int whence, void* self) {
    VirtualFile& file = of(self);
    const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file.place_ : file.size_;
    return file.place_ = std::max<sf_count_t>(base + offset, 0);
  }
  static sf_count_t write(const void* bytes, sf_count_t count, void* self) {
    VirtualFile& file = of(self);
    const auto wrote =
        file.file_.write_at(static_cast<uint64_t>(file.place_),
                            {static_cast<const std::byte*>(bytes), static_cast<size_t>(count)});
    if (file.error_ == 0) file.error_ = wrote.error;
    file.place_ += static_cast<sf_count_t>(wrote.bytes);
    file.size_ = std::max(file.size_, file.place_);
    return static_cast<sf_count_t>(wrote.bytes);
  }
  static inline SF_VIRTUAL_IO kCalls{&size, &seek, &read, &write, &tell};

  OutputFile file_;
  sf_count_t place_ = 0;
  sf_count_t size_ = 0;
  int error_ = 0;
};

/// `Number` is what the samples are handed to libsndfile as. An error is for good: neither file
/// type can be gone on with behind a hole.
template <typename Number>
class SndfileRecording final : public Recording {
 public:
  SndfileRecording(FileType type, OutputFile file, const PcmFormat& format)
      : type_(type),
        format_(format),
        file_(std::move(file)),
        scratch_(std::max(kScratchSamples / format.channels, size_t{1}) * format.channels) {}

  ~SndfileRecording() override { close(); }

  Kept append(std::span<const std::byte> frames) noexcept override {
    Kept kept;
    const size_t sample = sample_bytes(format_.sample);
    while (!frames.empty()) {
      if (const auto ready = open(); !ready) return {kept.frames, ready.error()};
      const auto piece = frames.first(std::min(frames.size(), scratch_.size() * sample));
      const auto count = static_cast<sf_count_t>(piece.size() / sample);
      decode(format_.sample, piece, scratch_.data());
      const sf_count_t wrote = write_items(sndfile_, scratch_.data(), count);
      kept.frames += static_cast<uint64_t>(std::max<sf_count_t>(wrote, 0)) / format_.channels;
      if (wrote != count) fail();
      frames = frames.subspan(piece.size());
    }
    kept.error = error_;
    return kept;
  }

  /// A FLAC that is being written says nothing of its length, and its encoder holds the last block
  /// back; what has left it can be read.
  Result<void> sync() noexcept override {
    if (const auto ready = open(); !ready) return ready;
    sf_command(sndfile_, SFC_UPDATE_HEADER_NOW, nullptr, 0);
    return outcome();
  }

  Result<void> finish() noexcept override {
    if (const auto ready = open(); !ready) return ready;
    close();
    return outcome();
  }

 private:
  Result<void> open() noexcept {
    if (sndfile_ == nullptr && error_ == 0) {
      SF_INFO info{};
      info.samplerate = static_cast<int>(format_.rate_hz);
      info.channels = static_cast<int>(format_.channels);
      info.format = (type_ == FileType::flac ? SF_FORMAT_FLAC : SF_FORMAT_W64) |
                    sndfile_subtype(type_, format_.sample);
      sndfile_ = file_.open(info);
      if (sndfile_ == nullptr) fail();
    }
    return outcome();
  }

  void close() noexcept {
    if (sndfile_ != nullptr) sf_close(sndfile_);
    sndfile_ = nullptr;
  }

  void fail() noexcept { error_ = file_.error() != 0 ? file_.error() : EIO; }

  Result<void> outcome() noexcept {
    if (error_ == 0 && file_.error() != 0) fail();
    if (error_ != 0) return Errno{error_};
    return {};
  }

  const FileType type_;
  const PcmFormat format_;
  VirtualFile file_;
  std::vector<Number> scratch_;
  SNDFILE* sndfile_ = nullptr;
  int error_ = 0;
};

}  // namespace

std::unique_ptr<Recording> make_sndfile_recording(FileType type, OutputFile file,
                                                  const PcmFormat& format) {
  switch (sample_kind(format.sample)) {
    case SampleKind::float32:
      return std::make_unique<SndfileRecording<float>>(type, std::move(file), format);
    case SampleKind::float64:
      return std::make_unique<SndfileRecording<double>>(type, std::move(file), format);
    default:
      return std::make_unique<SndfileRecording<int32_t>>(type, std::move(file), format);
  }
}

}  // namespace dmasim
