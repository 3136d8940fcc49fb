// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/pcm/gain.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/device/source.h"
#include "engine/pcm/sample_codec.h"
#include "tests/unit/pcm/sample_formats.h"

namespace dmasim {
namespace {

constexpr Gain kHalf{0.5, 0.5};
constexpr Gain kMute{0, 0};

/// Random samples that use every bit of the format.
std::vector<std::byte> frames_of(const PcmFormat& format, size_t count) {
  std::vector<std::byte> frames(count * format.frame_bytes());
  const auto source = make_counter_source();
  EXPECT_TRUE(source->configure(format, count));
  source->read(frames);
  return frames;
}

std::vector<std::byte> scaled(const PcmFormat& format, const Gain& gain,
                              const std::vector<std::byte>& in) {
  std::vector<std::byte> out(in.size());
  apply_gain(format, gain, in, out.data());
  return out;
}

class GainOfEachFormat : public ::testing::TestWithParam<SampleFormat> {};
INSTANTIATE_TEST_SUITE_P(All, GainOfEachFormat, ::testing::ValuesIn(kPcmFormats));

TEST_P(GainOfEachFormat, KeepsEachBitAtUnity) {
  const PcmFormat format{.sample = GetParam(), .channels = 3};
  const auto in = frames_of(format, 1001);
  EXPECT_EQ(scaled(format, Gain{}, in), in);
}

TEST_P(GainOfEachFormat, IsTheFormatsSilenceWhenMuted) {
  const PcmFormat format{.sample = GetParam(), .channels = 2};
  const auto in = frames_of(format, 1001);
  std::vector<std::byte> silence(in.size());
  encode_silence(format.sample, silence);
  EXPECT_EQ(scaled(format, kMute, in), silence);
}

TEST_P(GainOfEachFormat, IsWithinHalfAStepOfTheProduct) {
  const PcmFormat format{.sample = GetParam(), .channels = 1};
  const auto in = frames_of(format, 5000);
  const double factor = std::pow(10, -7.5 / 20);
  const auto before = decoded<double>(format.sample, in);
  const auto after = decoded<double>(format.sample, scaled(format, {factor, 1}, in));
  const bool real = sample_kind(format.sample) != SampleKind::integer;
  const double step = real ? 0 : std::ldexp(2.0, -static_cast<int>(sample_bits(format.sample)));
  for (size_t i = 0; i < before.size(); ++i) {
    const double rounding = real ? std::fabs(before[i]) * 0x1p-24 : step / 2 * (1 + 1e-6);
    ASSERT_NEAR(after[i], before[i] * factor, rounding) << i;
  }
}

TEST_P(GainOfEachFormat, WorksInPlace) {
  const PcmFormat format{.sample = GetParam(), .channels = 2};
  auto in = frames_of(format, 1001);
  const auto out = scaled(format, kHalf, in);
  apply_gain(format, kHalf, in, in.data());
  EXPECT_EQ(in, out);
}

TEST_P(GainOfEachFormat, NeverClipsOrWraps) {
  const PcmFormat format{.sample = GetParam(), .channels = 1};
  const auto extremes = encoded<double>(format.sample, {-1.0, 1.0});
  const auto before = decoded<double>(format.sample, extremes);
  const auto after =
      decoded<double>(format.sample, scaled(format, {std::nextafter(1.0, 0.0), 1}, extremes));
  EXPECT_NEAR(after[0], before[0], 1e-7);
  EXPECT_NEAR(after[1], before[1], 1e-7);
}

TEST(Gain, ActsOnEachFormatButDsd) {
  for (const SampleFormat sample : kPcmFormats) {
    EXPECT_EQ(acting_gain({.sample = sample}, kHalf), kHalf) << name_of(sample);
  }
  for (const SampleFormat sample : kDsdFormats) {
    EXPECT_TRUE(acting_gain({.sample = sample}, kMute).unity()) << name_of(sample);
  }
}

TEST(Gain, EvenChannelsAreTheLeftOnes) {
  const PcmFormat format{.sample = SampleFormat::s16_le, .channels = 5};
  const std::vector<int32_t> in(10, 1000 << 16);
  const auto out = decoded<int32_t>(
      format.sample, scaled(format, {0.5, 0.25}, encoded<int32_t>(format.sample, in)));
  for (size_t i = 0; i < out.size(); ++i) {
    EXPECT_EQ(out[i] >> 16, i % 5 % 2 == 0 ? 500 : 250) << i;
  }
}

/// More frames than the code processes at a time, in pieces that end within a frame.
TEST(Gain, SidesGoOnThroughALongStream) {
  for (const uint32_t channels : {3U, 5U, 7U}) {
    const PcmFormat format{.sample = SampleFormat::s16_le, .channels = channels};
    const std::vector<int32_t> in(size_t{1000} * channels, 1000 << 16);
    const auto out = decoded<int32_t>(
        format.sample, scaled(format, {0.5, 0.25}, encoded<int32_t>(format.sample, in)));
    for (size_t i = 0; i < out.size(); ++i) {
      ASSERT_EQ(out[i] >> 16, i % channels % 2 == 0 ? 500 : 250) << i << " of " << channels;
    }
  }
}

TEST(Gain, AMonoStreamIsTheLeftOnes) {
  const PcmFormat format{.sample = SampleFormat::s16_le, .channels = 1};
  const auto in = encoded<int32_t>(format.sample, {100 << 16, 200 << 16});
  const auto out = decoded<int32_t>(format.sample, scaled(format, {0.5, 0}, in));
  EXPECT_EQ(out[0] >> 16, 50);
  EXPECT_EQ(out[1] >> 16, 100);
}

TEST(Gain, AChannelAtUnityKeepsItsValuesBesideAMutedOne) {
  const PcmFormat format{.sample = SampleFormat::s32_le, .channels = 2};
  const auto in = frames_of(format, 1000);
  const auto before = decoded<int32_t>(format.sample, in);
  const auto after = decoded<int32_t>(format.sample, scaled(format, {1, 0}, in));
  for (size_t i = 0; i < before.size(); ++i) ASSERT_EQ(after[i], i % 2 == 0 ? before[i] : 0) << i;
}

TEST(Gain, RoundsToTheNearestValue) {
  const PcmFormat format{.sample = SampleFormat::s16_le, .channels = 1};
  const auto in = encoded<int32_t>(format.sample, {11 << 16, -11 * 65536, 9 << 16, -9 * 65536});
  const auto out = decoded<int32_t>(format.sample, scaled(format, {0.25, 0}, in));
  EXPECT_EQ(out[0] >> 16, 3);   // 2.75
  EXPECT_EQ(out[1] >> 16, -3);  // -2.75
  EXPECT_EQ(out[2] >> 16, 2);   // 2.25
  EXPECT_EQ(out[3] >> 16, -2);  // -2.25
}

TEST(Gain, MutesWhatIsNoNumber) {
  const PcmFormat format{.sample = SampleFormat::float_le, .channels = 1};
  const float infinity = std::numeric_limits<float>::infinity();
  const auto in = encoded<float>(format.sample, {NAN, infinity, -infinity, -1.0F});
  EXPECT_EQ(scaled(format, kMute, in), std::vector<std::byte>(in.size()));
}

}  // namespace
}  // namespace dmasim
