// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames that are skipped, and how they are counted. And how a source converts numbers.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cerrno>
#include <cstring>

#include "engine/device/source.h"
#include "engine/recording/file_source.h"
#include "tests/unit/pcm/sample_formats.h"

namespace dmasim {
namespace {

constexpr uint64_t kBurst = 1024;
constexpr PcmFormat kMono{SampleFormat::s16_le, 1, 48000};

std::vector<int16_t> read_frames(Source& source, size_t frames) {
  std::vector<int16_t> read(frames, -1);
  source.read(std::as_writable_bytes(std::span(read)));
  return read;
}

class FileSourceSkips : public ::testing::Test {
 protected:
  /// Frame n has the value n % 30000 + 1.
  std::unique_ptr<Source> source_of(size_t frames) const {
    std::vector<int16_t> numbers(frames);
    for (size_t i = 0; i < frames; ++i) numbers[i] = value_of(i);
    SF_INFO info{};
    info.samplerate = static_cast<int>(kMono.rate_hz);
    info.channels = 1;
    info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    const std::string path = directory_ / "in.wav";
    SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
    EXPECT_EQ(sf_write_short(file, numbers.data(), static_cast<sf_count_t>(frames)),
              static_cast<sf_count_t>(frames));
    sf_close(file);
    auto source = make_file_source(path.c_str());
    EXPECT_TRUE(source && (*source)->configure(kMono, kBurst));
    return *std::move(source);
  }
  static int16_t value_of(size_t frame) { return static_cast<int16_t>(frame % 30'000 + 1); }

  const TemporaryDirectory directory_;
};

TEST_F(FileSourceSkips, WhatLiesReadyIsPassedOverAndCounted) {
  const auto source = source_of(5000);
  EXPECT_EQ(read_frames(*source, 10).at(9), value_of(9));
  source->skip(300 * kMono.frame_bytes());
  EXPECT_EQ(read_frames(*source, 1).at(0), value_of(310));
  EXPECT_EQ(source->stats().read_frames, 311U);
  EXPECT_EQ(source->stats().late_frames, 0U);
}

TEST_F(FileSourceSkips, WhatTheDiskWasTooLateForCountsAsLate) {
  const auto source = source_of(100'000);
  constexpr uint64_t kMostReady = kBurst + kMono.rate_hz / 2 + 1;
  source->skip((kMostReady + 1000) * kMono.frame_bytes());
  const uint64_t late = source->stats().late_frames;
  EXPECT_GE(late, 1000U);
  EXPECT_EQ(source->stats().read_frames, kMostReady + 1000);
  ASSERT_TRUE(source->configure(kMono, kBurst));  // waits for the next burst
  EXPECT_EQ(read_frames(*source, 1).at(0), value_of(kMostReady + 1000 - late)) << "none is lost";
}

TEST_F(FileSourceSkips, BehindTheEndNothingIsLate) {
  const auto source = source_of(100);
  source->skip(1'000'000 * kMono.frame_bytes());
  EXPECT_EQ(source->stats().read_frames, 1'000'000U);
  EXPECT_EQ(source->stats().late_frames, 0U);
  EXPECT_EQ(read_frames(*source, 1).at(0), 0);
}

/// The frequency in nanohertz times the number of frames does not fit into 64 bits.
TEST(ToneSourceSkips, ThePhaseIsExactAfterYears) {
  const PcmFormat format{SampleFormat::s16_le, 1, 44100};
  const auto source = make_tone_source(441);  // a period is 100 frames
  ASSERT_TRUE(source->configure(format, kBurst));
  const auto first = read_frames(*source, 100);
  constexpr uint64_t kTenYears = uint64_t{44100} * 86'400 * 3'653;
  source->skip(kTenYears / 100 * 100 * format.frame_bytes());
  EXPECT_EQ(read_frames(*source, 100), first);
}

TEST(SyntheticSources, RefuseAFormatWithoutFramesOrTime) {
  for (const auto& make : {make_silence_source, make_counter_source}) {
    const auto source = make();
    EXPECT_EQ(source->configure({SampleFormat::s16_le, 0, 48000}, kBurst).error(), EINVAL);
    EXPECT_EQ(source->configure({SampleFormat::s16_le, 2, 0}, kBurst).error(), EINVAL);
    EXPECT_TRUE(source->configure({SampleFormat::s16_le, 2, 48000}, kBurst));
  }
  EXPECT_EQ(make_tone_source(1)->configure({SampleFormat::s16_le, 2, 0}, kBurst).error(), EINVAL);
}

/// A lossy decoder makes real numbers. Read as integers they would be clipped.
TEST(FileSourceNumbers, OfALossyFileAreThoseThatItDecodesTo) {
  const TemporaryDirectory directory;
  const std::string path = directory / "in.ogg";
  SF_INFO info{};
  info.samplerate = 48000;
  info.channels = 1;
  info.format = SF_FORMAT_OGG | SF_FORMAT_VORBIS;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  if (file == nullptr) GTEST_SKIP() << "libsndfile cannot write Vorbis here";
  std::vector<float> loud(20'000);
  for (size_t i = 0; i < loud.size(); ++i) loud[i] = i % 100 < 50 ? 1.0F : -1.0F;
  EXPECT_EQ(sf_write_float(file, loud.data(), 20'000), 20'000);
  sf_close(file);
  std::vector<float> expected(1000);
  file = sf_open(path.c_str(), SFM_READ, &info);
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(sf_read_float(file, expected.data(), 1000), 1000);
  sf_close(file);

  const auto source = make_file_source(path.c_str());
  ASSERT_TRUE(source);
  ASSERT_TRUE((*source)->configure({SampleFormat::float_le, 1, 48000}, kBurst));
  std::vector<float> read(1000);
  (*source)->read(std::as_writable_bytes(std::span(read)));
  EXPECT_EQ(read, expected);
}

}  // namespace
}  // namespace dmasim
