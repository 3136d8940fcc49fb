// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/pcm/sample_codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <vector>

#include "tests/unit/pcm/sample_formats.h"

namespace dmasim {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

struct Known {
  SampleFormat format;
  std::vector<std::byte> bytes;
  int32_t value;  // left-justified
};

const std::vector<Known>& known_integers() {
  static const std::vector<Known> known = {
      {SampleFormat::u8, bytes_of({0x80}), 0},
      {SampleFormat::u8, bytes_of({0xff}), 0x7f000000},
      {SampleFormat::u8, bytes_of({0x00}), INT32_MIN},
      {SampleFormat::s16_le, bytes_of({0x34, 0x12}), 0x12340000},
      {SampleFormat::s16_be, bytes_of({0x12, 0x34}), 0x12340000},
      {SampleFormat::s16_le, bytes_of({0x00, 0x80}), INT32_MIN},
      {SampleFormat::s24_3le, bytes_of({0x56, 0x34, 0x12}), 0x12345600},
      {SampleFormat::s24_3be, bytes_of({0x12, 0x34, 0x56}), 0x12345600},
      {SampleFormat::s24_le, bytes_of({0x56, 0x34, 0x12, 0x00}), 0x12345600},
      {SampleFormat::s24_be, bytes_of({0x00, 0x12, 0x34, 0x56}), 0x12345600},
      {SampleFormat::s24_le, bytes_of({0x00, 0x00, 0x80, 0xff}), INT32_MIN},
      {SampleFormat::s24_be, bytes_of({0xff, 0x80, 0x00, 0x00}), INT32_MIN},
      {SampleFormat::s32_le, bytes_of({0x78, 0x56, 0x34, 0x12}), 0x12345678},
      {SampleFormat::s32_be, bytes_of({0x12, 0x34, 0x56, 0x78}), 0x12345678},
  };
  return known;
}

TEST(SampleCodec, KnowsEachIntegerFormatsBytes) {
  for (const auto& [format, bytes, value] : known_integers()) {
    SCOPED_TRACE(name_of(format));
    EXPECT_EQ(decoded<int32_t>(format, bytes), std::vector{value});
    EXPECT_EQ(encoded<int32_t>(format, {value}), bytes);
    EXPECT_EQ(decoded<double>(format, bytes), std::vector{std::ldexp(value, -31)});
    EXPECT_EQ(encoded<double>(format, {std::ldexp(value, -31)}), bytes);
  }
}

TEST(SampleCodec, KnowsEachRealFormatsBytes) {
  const auto half = bytes_of({0x00, 0x00, 0x00, 0x3f});
  const auto half_be = bytes_of({0x3f, 0x00, 0x00, 0x00});
  const auto half64 = bytes_of({0, 0, 0, 0, 0, 0, 0xe0, 0x3f});
  const auto half64_be = bytes_of({0x3f, 0xe0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(decoded<float>(SampleFormat::float_le, half), std::vector{0.5F});
  EXPECT_EQ(decoded<float>(SampleFormat::float_be, half_be), std::vector{0.5F});
  EXPECT_EQ(decoded<double>(SampleFormat::float64_le, half64), std::vector{0.5});
  EXPECT_EQ(decoded<double>(SampleFormat::float64_be, half64_be), std::vector{0.5});
  EXPECT_EQ(encoded<int32_t>(SampleFormat::float_be, {1 << 30}), half_be);
  EXPECT_EQ(encoded<int32_t>(SampleFormat::float64_le, {1 << 30}), half64);
  EXPECT_EQ(encoded<float>(SampleFormat::float64_be, {0.5F}), half64_be);
}

TEST(SampleCodec, IgnoresTheFourthByteOfS24) {
  EXPECT_EQ(decoded<int32_t>(SampleFormat::s24_le, bytes_of({0x56, 0x34, 0x12, 0xab})),
            std::vector{0x12345600});
  EXPECT_EQ(decoded<int32_t>(SampleFormat::s24_be, bytes_of({0xab, 0x12, 0x34, 0x56})),
            std::vector{0x12345600});
}

/// Tries each kind of number that can hold the sample.
TEST(SampleCodec, PassesEverySampleThroughEveryNumberUnchanged) {
  for (const SampleFormat format : kAllFormats) {
    SCOPED_TRACE(name_of(format));
    const auto bytes = random_samples(format, 4096);
    if (sample_kind(format) == SampleKind::integer) {
      EXPECT_EQ(encoded(format, decoded<int32_t>(format, bytes)), bytes);
    }
    if (sample_kind(format) == SampleKind::float32 ||
        (sample_kind(format) == SampleKind::integer && sample_bits(format) <= 24)) {
      EXPECT_EQ(encoded(format, decoded<float>(format, bytes)), bytes);
    }
    EXPECT_EQ(encoded(format, decoded<double>(format, bytes)), bytes);
  }
}

TEST(SampleCodec, KeepsTheBitsOfNan) {
  const auto quiet = bytes_of({0x23, 0x01, 0xc0, 0x7f});
  const auto signalling = bytes_of({0x23, 0x01, 0x80, 0x7f});
  EXPECT_EQ(encoded(SampleFormat::float_le, decoded<float>(SampleFormat::float_le, quiet)), quiet);
  EXPECT_EQ(encoded(SampleFormat::float_le, decoded<float>(SampleFormat::float_le, signalling)),
            signalling);
}

TEST(SampleCodec, RoundsAndClipsRealNumbers) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> numbers = {1.0,       2.0, infinity,    -1.0,        -2.0,
                                       -infinity, nan, 0.6 / 32768, 0.4 / 32768, -0.6 / 32768};
  const auto bytes = encoded(SampleFormat::s16_le, numbers);
  std::vector<int16_t> samples(numbers.size());
  std::memcpy(samples.data(), bytes.data(), bytes.size());
  EXPECT_EQ(samples,
            (std::vector<int16_t>{32767, 32767, 32767, -32768, -32768, -32768, 0, 1, 0, -1}));
  EXPECT_EQ(encoded<double>(SampleFormat::s32_le, {1.0}), bytes_of({0xff, 0xff, 0xff, 0x7f}));
  EXPECT_EQ(encoded<double>(SampleFormat::s32_le, {-1.0}), bytes_of({0, 0, 0, 0x80}));
  EXPECT_EQ(encoded<float>(SampleFormat::u8, {1.5F, -1.5F}), bytes_of({0xff, 0x00}));
}

TEST(SampleCodec, PacksEachFormatLittleEndian) {
  for (const auto& [format, bytes, value] : known_integers()) {
    SCOPED_TRACE(name_of(format));
    const size_t size = packed_bytes(format);
    std::vector<std::byte> expected(4);
    const uint32_t bits = static_cast<uint32_t>(value) >> (32 - 8 * size);
    std::memcpy(expected.data(), &bits, 4);
    expected.resize(size);
    if (format == SampleFormat::u8) expected = bytes;
    std::vector<std::byte> packed(size);
    pack_little_endian(format, bytes, packed.data());
    EXPECT_EQ(packed, expected);
  }
  std::vector<std::byte> packed(8);
  pack_little_endian(SampleFormat::float64_be, bytes_of({1, 2, 3, 4, 5, 6, 7, 8}), packed.data());
  EXPECT_EQ(packed, bytes_of({8, 7, 6, 5, 4, 3, 2, 1}));
}

TEST(SampleCodec, SilenceIsTheZeroOfTheFormat) {
  for (const SampleFormat format : kPcmFormats) {
    SCOPED_TRACE(name_of(format));
    std::vector<std::byte> bytes(3 * sample_bytes(format), std::byte{0x55});
    encode_silence(format, bytes);
    EXPECT_EQ(decoded<double>(format, bytes), (std::vector<double>{0, 0, 0}));
  }
}

TEST(SampleCodec, SilenceOfDsdIs0x69InEachByte) {
  for (const SampleFormat format : kDsdFormats) {
    SCOPED_TRACE(name_of(format));
    std::vector<std::byte> bytes(3 * sample_bytes(format));
    encode_silence(format, bytes);
    EXPECT_EQ(bytes, std::vector<std::byte>(bytes.size(), std::byte{0x69}));
  }
}

/// As numbers they can be copied, no more: 0 is no silence.
TEST(SampleCodec, ADsdSampleIsItsBits) {
  const auto bytes = bytes_of({0x12, 0x34, 0x56, 0x78});
  using enum SampleFormat;
  EXPECT_EQ(decoded<int32_t>(dsd_u8, bytes_of({0x12})), std::vector{0x12000000});
  EXPECT_EQ(decoded<int32_t>(dsd_u16_le, bytes_of({0x12, 0x34})), std::vector{0x34120000});
  EXPECT_EQ(decoded<int32_t>(dsd_u16_be, bytes_of({0x12, 0x34})), std::vector{0x12340000});
  EXPECT_EQ(decoded<int32_t>(dsd_u32_le, bytes), std::vector{0x78563412});
  EXPECT_EQ(decoded<int32_t>(dsd_u32_be, bytes), std::vector{0x12345678});
}

}  // namespace
}  // namespace dmasim
