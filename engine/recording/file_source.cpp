// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/recording/file_source.h"

#include <fcntl.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/client_call.h"
#include "engine/base/clock.h"
#include "engine/base/sync.h"
#include "engine/base/unique_fd.h"
#include "engine/device/source.h"
#include "engine/pcm/byte_queue.h"
#include "engine/pcm/sample_codec.h"
#include "engine/recording/wav_layout.h"

namespace dmasim {
namespace {

constexpr size_t kReadBytes = size_t{64} * 1024;
constexpr int64_t kReadyNs = 2'000'000'000;  // how long configure() waits for the first frames

struct SndfileCloser {
  void operator()(SNDFILE* file) const noexcept { sf_close(file); }
};

/// Shows libsndfile the samples of a WAV without the header. With the header, libsndfile guesses
/// the format from the values of the samples; without it, the caller gives the format.
class HeaderlessFile {
 public:
  HeaderlessFile(int fd, const WavLayout& layout) noexcept
      : fd_(fd), begin_(static_cast<sf_count_t>(layout.data_at)) {
    struct stat status {};
    const sf_count_t end = fstat(fd, &status) == 0 ? status.st_size : 0;
    const auto claimed = static_cast<sf_count_t>(layout.data_bytes);  // if streamed: a limit
    size_ = std::clamp<sf_count_t>(end - begin_, 0, claimed);
  }
  SNDFILE* open(SF_INFO& info) noexcept { return sf_open_virtual(&kCalls, SFM_READ, &info, this); }

 private:
  static HeaderlessFile& of(void* self) noexcept { return *static_cast<HeaderlessFile*>(self); }
  static sf_count_t size(void* self) { return of(self).size_; }
  static sf_count_t tell(void* self) { return of(self).place_; }
  static sf_count_t write(const void*, sf_count_t, void*) { return 0; }
  static sf_count_t seek(sf_count_t offset, int whence, void* self) {
    HeaderlessFile& file = of(self);
    const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file.place_ : file.size_;
    return file.place_ = std::clamp<sf_count_t>(base + offset, 0, file.size_);
  }
  static sf_count_t read(void* bytes, sf_count_t count, void* self) {
    HeaderlessFile& file = of(self);
    const auto most = static_cast<size_t>(std::min(count, file.size_ - file.place_));
    const ssize_t got = pread(file.fd_, bytes, most, file.begin_ + file.place_);
    file.place_ += std::max<ssize_t>(got, 0);
    return std::max<ssize_t>(got, 0);
  }
  static inline SF_VIRTUAL_IO kCalls{&size, &seek, &read, &write, &tell};

  const int fd_;
  const sf_count_t begin_;
  sf_count_t size_ = 0;
  sf_count_t place_ = 0;
};

/// An open sound file. It gives samples as numbers of a type that holds them exactly.
class SoundFile {
 public:
  SoundFile(UniqueFd fd, SNDFILE* file, const SF_INFO& info) noexcept
      : fd_(std::move(fd)), file_(file), info_(info), kind_(kind_of(info.format)) {}
  /// For samples whose 24 bits are the lower ones of 32.
  SoundFile(UniqueFd fd, std::unique_ptr<HeaderlessFile> low_24, SNDFILE* file,
            const SF_INFO& info) noexcept
      : SoundFile(std::move(fd), file, info) {
    low_24_ = std::move(low_24);
  }

  [[nodiscard]] uint32_t channels() const noexcept { return static_cast<uint32_t>(info_.channels); }
  [[nodiscard]] uint32_t rate_hz() const noexcept {
    return static_cast<uint32_t>(info_.samplerate);
  }
  [[nodiscard]] SampleKind kind() const noexcept { return kind_; }
  [[nodiscard]] size_t number_bytes() const noexcept {
    return kind_ == SampleKind::float64 ? 8 : 4;
  }

  struct Got {
    size_t bytes;
    bool failed;  ///< an error, not the end of the file, made it short
  };
  /// Reads whole frames, as numbers.
  Got read(std::span<std::byte> numbers) noexcept {
    const auto count = static_cast<sf_count_t>(numbers.size() / number_bytes());
    sf_count_t got = 0;
    if (kind_ == SampleKind::integer) {
      auto* const integers = reinterpret_cast<int32_t*>(numbers.data());
      got = sf_read_int(file_.get(), integers, count);
      if (low_24_) to_upper_bits({integers, static_cast<size_t>(std::max<sf_count_t>(got, 0))});
    } else if (kind_ == SampleKind::float32) {
      got = sf_read_float(file_.get(), reinterpret_cast<float*>(numbers.data()), count);
    } else {
      got = sf_read_double(file_.get(), reinterpret_cast<double*>(numbers.data()), count);
    }
    got = std::max<sf_count_t>(got, 0) / info_.channels * info_.channels;
    return {static_cast<size_t>(got) * number_bytes(),
            got < count && sf_error(file_.get()) != SF_ERR_NO_ERROR};
  }

 private:
  static SampleKind kind_of(int format) noexcept {
    switch (format & SF_FORMAT_SUBMASK) {
      case SF_FORMAT_DOUBLE:
        return SampleKind::float64;
      case SF_FORMAT_FLOAT:
      case SF_FORMAT_VORBIS:
      case SF_FORMAT_OPUS:
      case SF_FORMAT_MPEG_LAYER_I:
      case SF_FORMAT_MPEG_LAYER_II:
      case SF_FORMAT_MPEG_LAYER_III:
        return SampleKind::float32;
      default:
        return SampleKind::integer;
    }
  }

  static void to_upper_bits(std::span<int32_t> numbers) noexcept {
    for (int32_t& number : numbers) {
      number = static_cast<int32_t>(static_cast<uint32_t>(number) << 8);
    }
  }

  UniqueFd fd_;                             // closed after file_
  std::unique_ptr<HeaderlessFile> low_24_;  // file_ reads from it; null: it reads from fd_
  std::unique_ptr<SNDFILE, SndfileCloser> file_;
  SF_INFO info_;
  SampleKind kind_;
};

/// Reads ahead into bounded memory. The queue holds the numbers from the file, and read() converts
/// them to samples. So after a change of the ring's format it goes on at the same place in the
/// file.
///
/// LOCKING   no other lock is taken under lock_. [IO], the thread `dmasim-source`, reads the file
///           without it.
/// LIFETIME  [IO] runs from the first configure() on. It sleeps while enough frames are in the
/// queue.
class FileSource final : public Source {
 public:
  explicit FileSource(SoundFile file) noexcept
      : shape_{file.channels(), file.rate_hz()},
        kind_(file.kind()),
        number_bytes_(file.number_bytes()),
        file_(std::move(file)) {}

  ~FileSource() override DMASIM_EXCLUDES(lock_) {
    if (!thread_.started()) return;
    {
      MutexLock guard(lock_);
      stopping_ = true;
      work_.notify_all();
    }
    thread_.join();
  }

  Result<void> configure(const PcmFormat& format, uint64_t burst_frames) override
      DMASIM_EXCLUDES(lock_) try {
    if (format.channels != shape_.channels || format.rate_hz != shape_.rate_hz) {
      return Errno{EINVAL};
    }
    const size_t frame = file_frame_bytes();
    const uint64_t ahead_frames = shape_.rate_hz / 2 + 1;
    if (burst_frames > PTRDIFF_MAX / frame - ahead_frames) return Errno{ENOMEM};
    ByteQueue queue;
    const size_t bytes = (burst_frames + ahead_frames) * frame;
    if (bytes > queue_capacity()) queue = ByteQueue(bytes);
    if (!thread_.started()) {
      chunk_.resize(std::max(kReadBytes / frame, size_t{1}) * frame);
      const auto started = thread_.start({.name = "dmasim-source"}, [this] { serve(); });
      if (!started) return started;
    }
    begin_burst(format.sample, burst_frames * frame, queue);
    return {};
  } catch (const std::exception&) {  // bad_alloc, length_error
    return Errno{ENOMEM};
  }

  void read(std::span<std::byte> out) noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    const size_t sample = sample_bytes(sample_);
    const size_t frame = sample * shape_.channels;
    const bool was_low = low();
    stats_.read_frames += out.size() / frame;
    while (!out.empty() && !queue_.empty()) {
      const size_t count = std::min(out.size() / sample, queue_.front().size() / number_bytes_);
      to_ring(queue_.front().first(count * number_bytes_), out.data());
      queue_.drop(count * number_bytes_);
      out = out.subspan(count * sample);
    }
    if (!ended_) stats_.late_frames += out.size() / frame;
    encode_silence(sample_, out);
    if (low() && !was_low) work_.notify_all();
  }

  void skip(uint64_t bytes) noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    const uint64_t frames = bytes / (sample_bytes(sample_) * shape_.channels);
    const bool was_low = low();
    const auto held =
        static_cast<size_t>(std::min<uint64_t>(frames, queue_.size() / file_frame_bytes()));
    queue_.drop(held * file_frame_bytes());
    stats_.read_frames += frames;
    if (!ended_) stats_.late_frames += frames - held;
    if (low() && !was_low) work_.notify_all();
  }

  /// After the end of the file there is silence at once.
  [[nodiscard]] uint64_t ready_frames(uint64_t wanted) noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    const uint64_t frames = queue_.size() / file_frame_bytes();
    if (frames >= wanted || ended_ || failed_) return wanted;
    ready_call_.want();
    return frames;
  }

  void on_ready(const std::function<void()>& on_ready) override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    ready_call_.set(lock_, on_ready);
  }

  [[nodiscard]] SourceStats stats() const noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    return stats_;
  }

  [[nodiscard]] bool makes(SampleFormat format) const noexcept override { return !is_dsd(format); }
  [[nodiscard]] std::optional<Shape> shape() const noexcept override { return shape_; }

 private:
  [[nodiscard]] size_t file_frame_bytes() const noexcept { return number_bytes_ * shape_.channels; }

  [[nodiscard]] size_t queue_capacity() const noexcept DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    return queue_.capacity();
  }

  /// From here on read() gives `sample`, and `queue` is used if it is larger. Then waits until the
  /// queue holds a burst.
  void begin_burst(SampleFormat sample, size_t burst_bytes, ByteQueue& queue) noexcept
      DMASIM_EXCLUDES(lock_) {
    const int64_t deadline_ns = clock_.now_ns() + kReadyNs;
    MutexLock guard(lock_);
    sample_ = sample;
    if (queue.capacity() > queue_.capacity()) {
      queue.move_all_from(queue_);
      std::swap(queue, queue_);
    }
    burst_bytes_ = std::max(burst_bytes_, burst_bytes);
    work_.notify_all();
    while (queue_.size() < burst_bytes && !ended_ && !failed_) {
      if (!ready_.wait_until(lock_, deadline_ns)) break;
    }
  }

  /// The queue holds less than a burst or less than its half, so [IO] has to fill it.
  [[nodiscard]] bool low() const noexcept DMASIM_REQUIRES(lock_) {
    return queue_.size() < std::max(queue_.capacity() / 2, burst_bytes_);
  }

  void to_ring(std::span<const std::byte> numbers, std::byte* out) const noexcept
      DMASIM_REQUIRES(lock_) {
    const size_t count = numbers.size() / number_bytes_;
    if (kind_ == SampleKind::integer) {
      encode(sample_, {reinterpret_cast<const int32_t*>(numbers.data()), count}, out);
    } else if (kind_ == SampleKind::float32) {
      encode(sample_, {reinterpret_cast<const float*>(numbers.data()), count}, out);
    } else {
      encode(sample_, {reinterpret_cast<const double*>(numbers.data()), count}, out);
    }
  }

  /// The loop of [IO]: fills the queue, then sleeps until it is low.
  void serve() noexcept DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    while (!stopping_) {
      if (low() && !ended_ && !failed_) {
        fill();
        ready_call_.make(lock_);
      } else {
        work_.wait(lock_);
      }
    }
  }

  void fill() noexcept DMASIM_REQUIRES(lock_) {
    while (!stopping_ && !ended_ && !failed_ && queue_.free_bytes() >= file_frame_bytes()) {
      const size_t most = std::min(queue_.free_bytes(), chunk_.size());
      const std::span chunk(chunk_.data(), most / file_frame_bytes() * file_frame_bytes());
      lock_.unlock();
      const auto got = file_.read(chunk);
      lock_.lock();
      queue_.push(chunk.first(got.bytes));
      failed_ = got.failed;
      ended_ = !got.failed && got.bytes < chunk.size();
      ready_.notify_all();
    }
  }

  const Shape shape_;
  const SampleKind kind_;
  const size_t number_bytes_;
  const RealtimeClock clock_;
  SoundFile file_;                // [IO] only
  std::vector<std::byte> chunk_;  // [IO] only, once it runs

  mutable Mutex lock_;
  CondVar work_;   // for [IO]: the queue is low, or stopping_
  CondVar ready_;  // for configure(): the queue was filled
  ClientCall ready_call_ DMASIM_GUARDED_BY(lock_);
  ByteQueue queue_ DMASIM_GUARDED_BY(lock_);
  SampleFormat sample_ DMASIM_GUARDED_BY(lock_) = SampleFormat::s16_le;
  size_t burst_bytes_ DMASIM_GUARDED_BY(lock_) = 0;
  bool ended_ DMASIM_GUARDED_BY(lock_) = false;   // the file's last frames are in the queue
  bool failed_ DMASIM_GUARDED_BY(lock_) = false;  // no more can be read: the rest is late
  bool stopping_ DMASIM_GUARDED_BY(lock_) = false;
  SourceStats stats_ DMASIM_GUARDED_BY(lock_);

  Thread thread_;  // [setup] only
};

/// `guessed` is how libsndfile understands the file with its header. It may be wrong about the
/// samples, but not about their channels and rate.
Result<std::unique_ptr<Source>> make_low_24_source(UniqueFd fd, const WavLayout& layout,
                                                   const SF_INFO& guessed) {
  auto samples = std::make_unique<HeaderlessFile>(fd.get(), layout);
  SF_INFO info{};
  info.channels = guessed.channels;
  info.samplerate = guessed.samplerate;
  info.format = SF_FORMAT_RAW | SF_FORMAT_PCM_32 | SF_ENDIAN_LITTLE;
  SNDFILE* file = samples->open(info);
  if (file == nullptr) return Errno{EINVAL};
  return std::unique_ptr<Source>(
      std::make_unique<FileSource>(SoundFile(std::move(fd), std::move(samples), file, info)));
}

}  // namespace

Result<std::unique_ptr<Source>> make_file_source(const char* path) {
  UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return Errno{errno};
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return Errno{errno};
  if (S_ISDIR(status.st_mode)) return Errno{EISDIR};
  if (!S_ISREG(status.st_mode)) return Errno{EINVAL};
  SF_INFO info{};
  std::unique_ptr<SNDFILE, SndfileCloser> file(sf_open_fd(fd.get(), SFM_READ, &info, SF_FALSE));
  if (!file) return Errno{EINVAL};
  const WavLayout layout = wav_layout(fd.get());
  if (layout.bits == WavLayout::Bits::unknown) return Errno{ENOTSUP};
  if (layout.bits == WavLayout::Bits::low_24) {
    return make_low_24_source(std::move(fd), layout, info);
  }
  return std::unique_ptr<Source>(
      std::make_unique<FileSource>(SoundFile(std::move(fd), file.release(), info)));
}

}  // namespace dmasim
