// SPDX-License-Identifier: LGPL-2.1-or-later
/// The format of a frame. The engine has its own types for it, because it includes no ALSA header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace dmasim {

/// ALSA's linear formats. s24_3* are packed in three bytes. s24_* have their bits in the low three
/// bytes of four; the fourth byte has no meaning.
enum class SampleFormat : uint8_t {
  u8,
  s16_le,
  s16_be,
  s24_3le,
  s24_3be,
  s24_le,
  s24_be,
  s32_le,
  s32_be,
  float_le,
  float_be,
  float64_le,
  float64_be,
};

inline constexpr int kSampleFormatCount = 13;

/// Bytes that one sample takes in memory.
[[nodiscard]] constexpr size_t sample_bytes(SampleFormat format) noexcept {
  switch (format) {
    case SampleFormat::u8:
      return 1;
    case SampleFormat::s16_le:
    case SampleFormat::s16_be:
      return 2;
    case SampleFormat::s24_3le:
    case SampleFormat::s24_3be:
      return 3;
    case SampleFormat::float64_le:
    case SampleFormat::float64_be:
      return 8;
    default:
      return 4;
  }
}

/// Interleaved frames of `channels` samples each, `rate_hz` of them a second.
struct PcmFormat {
  SampleFormat sample = SampleFormat::s16_le;
  uint32_t channels = 2;
  uint32_t rate_hz = 48000;

  [[nodiscard]] constexpr size_t frame_bytes() const noexcept {
    return sample_bytes(sample) * channels;
  }
  friend constexpr bool operator==(const PcmFormat&, const PcmFormat&) = default;
};

/// For example "S16_LE, 2 channels, 48000 Hz".
[[nodiscard]] std::string describe(const PcmFormat& format);

}  // namespace dmasim
