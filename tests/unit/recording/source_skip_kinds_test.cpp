// SPDX-License-Identifier: LGPL-2.1-or-later
/// The hardware skips frames if no thread moves it in time. The next frames are the same as without
/// the skip.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <numeric>

#include "engine/device/volume.h"
#include "engine/recording/file_source.h"
#include "tests/unit/cable/cable_fixture.h"

namespace dmasim {
namespace {

constexpr size_t kFrames = 100'000;

class SourceSkip : public ::testing::Test {
 protected:
  /// Frame n of the file has the value n + 1.
  std::unique_ptr<Source> file_source() {
    const std::string path = runtime_.path() / "counted.wav";
    SF_INFO info{};
    info.samplerate = static_cast<int>(kSlow.rate_hz);
    info.channels = 1;
    info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_32;
    SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
    EXPECT_NE(file, nullptr);
    std::vector<int32_t> numbers(kFrames);
    std::iota(numbers.begin(), numbers.end(), 1);
    EXPECT_EQ(sf_write_int(file, numbers.data(), kFrames), sf_count_t{kFrames});
    sf_close(file);
    auto source = make_file_source(path.c_str());
    EXPECT_TRUE(source);
    return *std::move(source);
  }
  static std::vector<int32_t> read(Source& source, size_t frames) {
    std::vector<int32_t> numbers(frames, -1);
    source.read(std::as_writable_bytes(std::span(numbers)));
    return numbers;
  }
  static void skip(Source& source, uint64_t frames) { source.skip(frames * kSlow.frame_bytes()); }

  const RuntimeDirectory runtime_;
  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
};

TEST_F(SourceSkip, OfACableGoesOnBehindWhatWasSkipped) {
  Player player(clock_);
  Listener listener(clock_);
  ASSERT_NO_FATAL_FAILURE(player.play(1, 32, 0));
  ASSERT_TRUE(listener.start(0));
  EXPECT_EQ(listener.capture(3), captured(1, 1, 2, 0));
  skip(*listener.source, 10);
  EXPECT_EQ(read(*listener.source, 0), std::vector<int32_t>{});
  clock_->advance_ns(20 * kFrameNs);
  EXPECT_EQ(read(*listener.source, 4), captured(0, 13, 4, 0));
  EXPECT_EQ(listener.source->stats().read_frames, 17U);
}

TEST_F(SourceSkip, PassesTheMixer) {
  const auto source = make_volume_source(file_source(), {.card = "dmasim", .clock = clock_});
  ASSERT_TRUE(source->shape());
  EXPECT_EQ(source->shape()->channels, 1U);
  EXPECT_EQ(source->shape()->rate_hz, kSlow.rate_hz);
  ASSERT_TRUE(source->configure(kSlow, 2000));
  skip(*source, 7);
  EXPECT_EQ(read(*source, 2), (std::vector{8, 9}));
}

/// A source that can make any format answers no shape, and no reason of a failure.
TEST_F(SourceSkip, OfAToneNeedsNoShape) {
  const auto source = make_tone_source(440);
  EXPECT_FALSE(source->shape());
  EXPECT_EQ(source->explain(), "");
  const PcmFormat none{.sample = SampleFormat::s32_le, .channels = 0, .rate_hz = 1000};
  EXPECT_EQ(source->configure(none, 1).error(), EINVAL);
  EXPECT_EQ(
      source->configure({.sample = SampleFormat::s32_le, .channels = 1, .rate_hz = 0}, 1).error(),
      EINVAL);
  ASSERT_TRUE(source->configure(kSlow, 100));
  const auto whole = read(*source, 20);
  const auto other = make_tone_source(440);
  ASSERT_TRUE(other->configure(kSlow, 100));
  skip(*other, 15);
  EXPECT_EQ(read(*other, 5), std::vector(whole.begin() + 15, whole.end()));
}

}  // namespace
}  // namespace dmasim
