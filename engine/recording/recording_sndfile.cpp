// SPDX-License-Identifier: LGPL-2.1-or-later
/// Recordings that libsndfile writes: W64 and FLAC. libsndfile writes through an OutputFile,
/// because its own errors do not keep the errno.
#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "engine/pcm/sample_codec.h"
#include "engine/recording/recording.h"

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

constexpr int kNone = 0;

/// The subtype for each format, in each type of file. kNone: such a file cannot hold it.
struct Subtypes {
  SampleFormat format;
  int w64;
  int flac;
};
constexpr std::array<Subtypes, kSampleFormatCount> kSubtypes{{
    {SampleFormat::u8, SF_FORMAT_PCM_U8, SF_FORMAT_PCM_S8},
    {SampleFormat::s16_le, SF_FORMAT_PCM_16, SF_FORMAT_PCM_16},
    {SampleFormat::s16_be, SF_FORMAT_PCM_16, SF_FORMAT_PCM_16},
    {SampleFormat::s24_3le, SF_FORMAT_PCM_24, SF_FORMAT_PCM_24},
    {SampleFormat::s24_3be, SF_FORMAT_PCM_24, SF_FORMAT_PCM_24},
    {SampleFormat::s24_le, SF_FORMAT_PCM_24, SF_FORMAT_PCM_24},
    {SampleFormat::s24_be, SF_FORMAT_PCM_24, SF_FORMAT_PCM_24},
    {SampleFormat::s32_le, SF_FORMAT_PCM_32, kNone},
    {SampleFormat::s32_be, SF_FORMAT_PCM_32, kNone},
    {SampleFormat::float_le, SF_FORMAT_FLOAT, kNone},
    {SampleFormat::float_be, SF_FORMAT_FLOAT, kNone},
    {SampleFormat::float64_le, SF_FORMAT_DOUBLE, kNone},
    {SampleFormat::float64_be, SF_FORMAT_DOUBLE, kNone},
    {SampleFormat::dsd_u8, kNone, kNone},
    {SampleFormat::dsd_u16_le, kNone, kNone},
    {SampleFormat::dsd_u16_be, kNone, kNone},
    {SampleFormat::dsd_u32_le, kNone, kNone},
    {SampleFormat::dsd_u32_be, kNone, kNone},
}};
static_assert(has_row_for_each_format(kSubtypes));

int sndfile_subtype(FileType type, SampleFormat format) noexcept {
  const Subtypes& subtypes = kSubtypes[static_cast<size_t>(format)];
  return type == FileType::flac ? subtypes.flac : subtypes.w64;
}

SF_INFO info_of(FileType type, const PcmFormat& format) noexcept {
  SF_INFO info{};
  info.samplerate = static_cast<int>(format.rate_hz);
  info.channels = static_cast<int>(format.channels);
  info.format = (type == FileType::flac ? SF_FORMAT_FLAC : SF_FORMAT_W64) |
                sndfile_subtype(type, format.sample);
  return info;
}

/// The file as libsndfile sees it. `size` is the number of bytes in it already.
class VirtualFile {
 public:
  VirtualFile(OutputFile file, uint64_t size) noexcept
      : file_(std::move(file)), size_(static_cast<sf_count_t>(size)) {}

  /// Opens it and moves to its end.
  SNDFILE* open(SF_INFO info) noexcept {
    if (size_ == 0) return sf_open_virtual(&kCalls, SFM_WRITE, &info, this);
    info.format = 0;
    SNDFILE* file = sf_open_virtual(&kCalls, SFM_RDWR, &info, this);
    if (file != nullptr) sf_seek(file, 0, SEEK_END | SFM_WRITE);
    return file;
  }
  /// The errno of the first write that failed, 0 if none did.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  static VirtualFile& of(void* self) noexcept { return *static_cast<VirtualFile*>(self); }
  static sf_count_t size(void* self) { return of(self).size_; }
  static sf_count_t tell(void* self) { return of(self).place_; }
  static sf_count_t read(void* bytes, sf_count_t count, void* self) {
    VirtualFile& file = of(self);
    const size_t got = file.file_.read_at(
        static_cast<uint64_t>(file.place_),
        {static_cast<std::byte*>(bytes), static_cast<size_t>(std::max<sf_count_t>(count, 0))});
    file.place_ += static_cast<sf_count_t>(got);
    return static_cast<sf_count_t>(got);
  }
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
  sf_count_t size_;
  int error_ = 0;
};

/// `Number` is the type in which libsndfile takes the samples. After an error every later call
/// fails: neither file type can go on after a gap.
template <typename Number>
class SndfileRecording final : public Recording {
 public:
  SndfileRecording(FileType type, OutputFile file, const PcmFormat& format, uint64_t end)
      : type_(type),
        format_(format),
        file_(std::move(file), end),
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

  /// While a FLAC is written, its header has no length and the encoder keeps the last block. The
  /// blocks before that can be read.
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
      sndfile_ = file_.open(info_of(type_, format_));
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

bool sndfile_has_subtype(FileType type, SampleFormat format) noexcept {
  return sndfile_subtype(type, format) != kNone;
}

bool sndfile_holds(FileType type, int fd, const PcmFormat& format) noexcept {
  SF_INFO info{};
  SNDFILE* file = sf_open_fd(fd, SFM_READ, &info, SF_FALSE);
  if (file == nullptr) return false;
  sf_close(file);
  const SF_INFO wanted = info_of(type, format);
  return info.format == wanted.format && info.channels == wanted.channels &&
         info.samplerate == wanted.samplerate;
}

std::unique_ptr<Recording> make_sndfile_recording(FileType type, OutputFile file,
                                                  const PcmFormat& format, uint64_t end) {
  switch (sample_kind(format.sample)) {
    case SampleKind::float32:
      return std::make_unique<SndfileRecording<float>>(type, std::move(file), format, end);
    case SampleKind::float64:
      return std::make_unique<SndfileRecording<double>>(type, std::move(file), format, end);
    default:
      return std::make_unique<SndfileRecording<int32_t>>(type, std::move(file), format, end);
  }
}

}  // namespace dmasim
