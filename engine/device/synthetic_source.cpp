// SPDX-License-Identifier: LGPL-2.1-or-later
/// Sources that are computed from the index of the frame.
#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <numbers>

#include "engine/base/sync.h"
#include "engine/device/source.h"
#include "engine/pcm/sample_codec.h"

namespace dmasim {
namespace {

constexpr size_t kChunkSamples = 256;

class SyntheticSource : public Source {
 public:
  Result<void> configure(const PcmFormat& format, uint64_t) final DMASIM_EXCLUDES(lock_) {
    if (format.channels == 0 || format.rate_hz == 0) return Errno{EINVAL};
    MutexLock guard(lock_);
    format_ = format;
    return {};
  }

  void read(std::span<std::byte> out) noexcept final DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    generate(format_, stats_.read_frames, out);
    stats_.read_frames += out.size() / format_.frame_bytes();
  }

  void skip(uint64_t bytes) noexcept final DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    stats_.read_frames += bytes / format_.frame_bytes();
  }

  [[nodiscard]] SourceStats stats() const noexcept final DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    return stats_;
  }

 private:
  /// Fills `out` with whole frames, from frame `index` on.
  virtual void generate(const PcmFormat& format, uint64_t index,
                        std::span<std::byte> out) const noexcept = 0;

  mutable Mutex lock_;
  PcmFormat format_ DMASIM_GUARDED_BY(lock_);
  SourceStats stats_ DMASIM_GUARDED_BY(lock_);
};

class SilenceSource final : public SyntheticSource {
 public:
  [[nodiscard]] bool has_volume() const noexcept override { return false; }

 private:
  void generate(const PcmFormat& format, uint64_t,
                std::span<std::byte> out) const noexcept override {
    encode_silence(format.sample, out);
  }
};

/// The position of a sine in its period, counted in whole units of 1 / (rate_hz * 10^9) of the
/// period, so that no rounding accumulates.
class Phase {
 public:
  Phase(uint64_t frequency_nhz, uint32_t rate_hz, uint64_t index) noexcept
      : period_(uint64_t{rate_hz} * 1'000'000'000), step_(frequency_nhz % period_) {
    now_ = static_cast<uint64_t>(static_cast<unsigned __int128>(step_) * index % period_);
  }
  /// Answers the position, in [0, 1), then goes on by one frame.
  double next() noexcept {
    const double turn = static_cast<double>(now_) / static_cast<double>(period_);
    now_ += step_;
    if (now_ >= period_) now_ -= period_;
    return turn;
  }

 private:
  const uint64_t period_;
  const uint64_t step_;
  uint64_t now_;
};

class ToneSource final : public SyntheticSource {
 public:
  explicit ToneSource(double frequency_hz) noexcept
      : frequency_nhz_(
            static_cast<uint64_t>(std::llround(std::clamp(frequency_hz, 0.0, 1e9) * 1e9))) {}
  [[nodiscard]] bool makes(SampleFormat format) const noexcept override { return !is_dsd(format); }

 private:
  static constexpr double kAmplitude = 0.251188643150958;  // -12 dBFS

  void generate(const PcmFormat& format, uint64_t index,
                std::span<std::byte> out) const noexcept override {
    Phase phase(frequency_nhz_, format.rate_hz, index);
    const size_t sample = sample_bytes(format.sample);
    std::array<double, kChunkSamples> values;
    std::array<std::byte, kChunkSamples * sizeof(double)> mono;
    for (size_t rest = out.size() / format.frame_bytes(); rest > 0;) {
      const size_t frames = std::min(rest, kChunkSamples);
      for (size_t i = 0; i < frames; ++i) {
        values[i] = kAmplitude * std::sin(2 * std::numbers::pi * phase.next());
      }
      encode(format.sample, std::span(values).first(frames), mono.data());
      for (size_t i = 0; i < frames * format.channels; ++i) {
        std::memcpy(&out[i * sample], &mono[i / format.channels * sample], sample);
      }
      out = out.subspan(frames * format.frame_bytes());
      rest -= frames;
    }
  }

  const uint64_t frequency_nhz_;
};

/// 64 well mixed bits (the finalizer of splitmix64).
constexpr uint64_t hash_of(uint64_t index, uint32_t channel) noexcept {
  uint64_t x = index * 0x9e3779b97f4a7c15 + (uint64_t{channel} + 1) * 0xd1342543de82ef95;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// The high bits of the hash, as a number that every format of its kind holds exactly.
template <typename Number>
constexpr Number number_of(uint64_t hash) noexcept;

template <>
constexpr int32_t number_of(uint64_t hash) noexcept {
  return static_cast<int32_t>(hash >> 32);  // left-justified: each width keeps its high bits
}
template <>
constexpr float number_of(uint64_t hash) noexcept {
  return static_cast<float>(static_cast<int32_t>(hash >> 32) >> 8) * 0x1p-23F;
}
template <>
constexpr double number_of(uint64_t hash) noexcept {
  return static_cast<double>(static_cast<int64_t>(hash) >> 11) * 0x1p-52;
}

class CounterSource final : public SyntheticSource {
  void generate(const PcmFormat& format, uint64_t index,
                std::span<std::byte> out) const noexcept override {
    switch (sample_kind(format.sample)) {
      case SampleKind::integer:
      case SampleKind::dsd:
        return count<int32_t>(format, index, out);
      case SampleKind::float32:
        return count<float>(format, index, out);
      case SampleKind::float64:
        return count<double>(format, index, out);
    }
  }

  template <typename Number>
  static void count(const PcmFormat& format, uint64_t index, std::span<std::byte> out) noexcept {
    std::array<Number, kChunkSamples> numbers;
    uint32_t channel = 0;
    const size_t sample = sample_bytes(format.sample);
    while (!out.empty()) {
      const size_t samples = std::min(out.size() / sample, kChunkSamples);
      for (size_t i = 0; i < samples; ++i) {
        numbers[i] = number_of<Number>(hash_of(index, channel));
        if (++channel == format.channels) {
          channel = 0;
          ++index;
        }
      }
      encode(format.sample, std::span<const Number>(numbers).first(samples), out.data());
      out = out.subspan(samples * sample);
    }
  }
};

}  // namespace

std::unique_ptr<Source> make_silence_source() { return std::make_unique<SilenceSource>(); }

std::unique_ptr<Source> make_tone_source(double frequency_hz) {
  return std::make_unique<ToneSource>(frequency_hz);
}

std::unique_ptr<Source> make_counter_source() { return std::make_unique<CounterSource>(); }

uint64_t counter_sample(SampleFormat format, uint64_t index, uint32_t channel) noexcept {
  const uint64_t hash = hash_of(index, channel);
  switch (sample_kind(format)) {
    case SampleKind::float32:
      return std::bit_cast<uint32_t>(number_of<float>(hash));
    case SampleKind::float64:
      return std::bit_cast<uint64_t>(number_of<double>(hash));
    case SampleKind::integer:
    case SampleKind::dsd:
      break;
  }
  return hash >> (64 - sample_bits(format)) ^ zero_sample(format);
}

}  // namespace dmasim
