// SPDX-License-Identifier: LGPL-2.1-or-later
/// The format of a frame, and what the engine knows of each sample format. The engine has its own
/// types for it, because it includes no ALSA header.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

namespace dmasim {

/// ALSA's linear formats, and its formats of DSD. s24_3* are packed in three bytes. s24_* have
/// their bits in the low three bytes of four; the fourth byte has no meaning. A sample of dsd_u* is
/// 8, 16 or 32 of DSD's one-bit samples. It is no number, so nothing can be computed from it.
///
/// A new format is a new row in each of three tables: kSampleFormats below, kFormats in the plugin
/// (alsa_format.h), and kSubtypes of libsndfile (recording_sndfile.cpp). The compiler checks that
/// each format has its rows. Shared files hold these numbers, so a new format comes last.
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
  dsd_u8,
  dsd_u16_le,
  dsd_u16_be,
  dsd_u32_le,
  dsd_u32_be,
  last = dsd_u32_be,
};

inline constexpr int kSampleFormatCount = static_cast<int>(SampleFormat::last) + 1;

enum class SampleKind : uint8_t { integer, float32, float64, dsd };

struct SampleFacts {
  SampleFormat format;
  const char* name;  ///< ALSA's
  SampleKind kind;
  std::endian order;  ///< of the bytes in memory
  uint8_t bytes;      ///< in memory
  uint8_t bits;       ///< that carry sound; bits above them have no meaning
  uint8_t silence;    ///< each byte of a silent sample
};

/// As many ones as zeros. In DSD, bytes of 0 or of 0xff are the loudest sound.
inline constexpr uint8_t kDsdSilence = 0x69;

/// Rows in the order of the enumeration, so a format is the index of its row.
inline constexpr auto kSampleFormats = [] {
  using enum SampleFormat;
  using enum SampleKind;
  constexpr auto kLittle = std::endian::little;
  constexpr auto kBig = std::endian::big;
  return std::array<SampleFacts, kSampleFormatCount>{{
      {u8, "U8", integer, kLittle, 1, 8, 0x80},
      {s16_le, "S16_LE", integer, kLittle, 2, 16, 0},
      {s16_be, "S16_BE", integer, kBig, 2, 16, 0},
      {s24_3le, "S24_3LE", integer, kLittle, 3, 24, 0},
      {s24_3be, "S24_3BE", integer, kBig, 3, 24, 0},
      {s24_le, "S24_LE", integer, kLittle, 4, 24, 0},
      {s24_be, "S24_BE", integer, kBig, 4, 24, 0},
      {s32_le, "S32_LE", integer, kLittle, 4, 32, 0},
      {s32_be, "S32_BE", integer, kBig, 4, 32, 0},
      {float_le, "FLOAT_LE", float32, kLittle, 4, 32, 0},
      {float_be, "FLOAT_BE", float32, kBig, 4, 32, 0},
      {float64_le, "FLOAT64_LE", float64, kLittle, 8, 64, 0},
      {float64_be, "FLOAT64_BE", float64, kBig, 8, 64, 0},
      {dsd_u8, "DSD_U8", dsd, kLittle, 1, 8, kDsdSilence},
      {dsd_u16_le, "DSD_U16_LE", dsd, kLittle, 2, 16, kDsdSilence},
      {dsd_u16_be, "DSD_U16_BE", dsd, kBig, 2, 16, kDsdSilence},
      {dsd_u32_le, "DSD_U32_LE", dsd, kLittle, 4, 32, kDsdSilence},
      {dsd_u32_be, "DSD_U32_BE", dsd, kBig, 4, 32, kDsdSilence},
  }};
}();

/// For a static_assert: a table has one row for each format, in the order of the enumeration.
template <typename Row>
[[nodiscard]] constexpr bool has_row_for_each_format(
    const std::array<Row, kSampleFormatCount>& table) noexcept {
  for (size_t i = 0; i < table.size(); ++i) {
    if (table[i].format != static_cast<SampleFormat>(i)) return false;
  }
  return true;
}
static_assert(has_row_for_each_format(kSampleFormats));

inline constexpr auto kAllFormats = [] {
  std::array<SampleFormat, kSampleFormatCount> formats{};
  for (size_t i = 0; i < formats.size(); ++i) formats[i] = kSampleFormats[i].format;
  return formats;
}();

[[nodiscard]] constexpr const SampleFacts& facts_of(SampleFormat format) noexcept {
  return kSampleFormats[static_cast<size_t>(format)];
}

[[nodiscard]] constexpr SampleKind sample_kind(SampleFormat format) noexcept {
  return facts_of(format).kind;
}

[[nodiscard]] constexpr bool is_dsd(SampleFormat format) noexcept {
  return sample_kind(format) == SampleKind::dsd;
}

/// All formats but those of DSD.
inline constexpr auto kPcmFormats = [] {
  constexpr auto kCount = static_cast<size_t>(std::count_if(
      kAllFormats.begin(), kAllFormats.end(), [](SampleFormat each) { return !is_dsd(each); }));
  std::array<SampleFormat, kCount> formats{};
  std::copy_if(kAllFormats.begin(), kAllFormats.end(), formats.begin(),
               [](SampleFormat each) { return !is_dsd(each); });
  return formats;
}();

/// The bits of the integer 0. A DSD sample counts as an integer whose bits are its own.
[[nodiscard]] constexpr uint32_t zero_sample(SampleFormat format) noexcept {
  return is_dsd(format) ? 0 : facts_of(format).silence;
}

/// Bytes that one sample takes in memory.
[[nodiscard]] constexpr size_t sample_bytes(SampleFormat format) noexcept {
  return facts_of(format).bytes;
}

/// The bits of a sample that carry sound.
[[nodiscard]] constexpr unsigned sample_bits(SampleFormat format) noexcept {
  return facts_of(format).bits;
}

/// Bytes of a sample as little-endian sound files hold it: without s24's fourth byte.
[[nodiscard]] constexpr size_t packed_bytes(SampleFormat format) noexcept {
  return sample_bits(format) / 8;
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
