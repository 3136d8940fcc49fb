// SPDX-License-Identifier: LGPL-2.1-or-later
/// Silence in the ring for a program that may be late. The ring holds old data behind the frames
/// that the program has written. snd_pcm_forward commits that part of the ring as it is, so that it
/// is played and recorded.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

constexpr uint64_t kOldSeed = 1;

class SilentRing : public ::testing::Test {
 protected:
  static constexpr size_t kBuffer = 48000;
  static constexpr size_t kWritten = 9600;

  void prepare(snd_pcm_uframes_t threshold, snd_pcm_uframes_t size) {
    setup_.stop_threshold = kBoundary;
    setup_.silence_threshold = threshold;
    setup_.silence_size = size;
    expected_.clear();
    pcm_ = open_playback({{"FILE", path_}});
    ASSERT_TRUE(pcm_);
    ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
  }
  void fill_with_old_data() {
    ASSERT_EQ(write_frames(pcm_.get(), old_data(0, kBuffer)), kBuffer);
    ASSERT_EQ(snd_pcm_rewind(pcm_.get(), kBuffer), kBuffer);
  }
  void write(size_t frames) {
    const auto data = pattern_frames(setup_.layout, 0, frames);
    ASSERT_EQ(write_frames(pcm_.get(), data), frames);
    expect(data);
  }
  void start() {
    start_ns_ = now_ns();
    ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  }
  /// Commits `frames` frames of the ring as they are. Answers false if it was too late to play
  /// them.
  bool forward(size_t frames, size_t before_frames) {
    EXPECT_EQ(snd_pcm_forward(pcm_.get(), frames), frames);
    return now_ns() - start_ns_ < setup_.time_of(before_frames);
  }
  void expect(const std::vector<std::byte>& data) {
    expected_.insert(expected_.end(), data.begin(), data.end());
  }
  void expect_silence(size_t frames) {
    expected_.resize(expected_.size() + frames * setup_.layout.frame_bytes());
  }
  std::vector<std::byte> old_data(size_t first, size_t frames) const {
    return pattern_frames(setup_.layout, first, frames, kOldSeed);
  }
  void expect_recorded() {
    EXPECT_EQ(snd_pcm_drain(pcm_.get()), 0);
    pcm_.reset();
    EXPECT_EQ(first_difference(setup_.layout, expected_, read_file(path_)), "");
  }
  /// Fills the ring with old data, writes kWritten new frames, and commits the rest at once.
  bool play_the_rest(snd_pcm_uframes_t threshold, snd_pcm_uframes_t size) {
    prepare(threshold, size);
    fill_with_old_data();
    write(kWritten);
    start();
    return forward(kBuffer - kWritten, kWritten);
  }

  PcmSetup setup_;
  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("played.raw");
  std::vector<std::byte> expected_;
  Pcm pcm_;
  int64_t start_ns_ = 0;
};

/// Tests with a running stream, which must look at it in time.
class SilenceInTheRing : public SilentRing {
 protected:
  SilenceInTheRing() { expect_a_look(); }
};

TEST_F(SilenceInTheRing, IsNotThereUnlessAskedFor) {
  look_in_time([&] {
    if (!play_the_rest(0, 0)) return Look::too_late;
    expect(old_data(kWritten, kBuffer - kWritten));
    expect_recorded();
    return Look::in_time;
  });
}

TEST_F(SilenceInTheRing, EndlessIsAllThatTheProgramHasNotWritten) {
  look_in_time([&] {
    if (!play_the_rest(0, kBoundary)) return Look::too_late;
    expect_silence(kBuffer - kWritten);
    expect_recorded();
    return Look::in_time;
  });
}

TEST_F(SilenceInTheRing, EndlessFollowsTheHardware) {
  look_in_time([&] {
    prepare(0, kBoundary);
    write(kBuffer);
    start();
    EXPECT_TRUE(
        eventually([&] { return snd_pcm_avail(pcm_.get()) >= snd_pcm_sframes_t{kWritten}; }));
    if (!forward(kWritten, kBuffer)) return Look::too_late;
    expect_silence(kWritten);
    expect_recorded();
    return Look::in_time;
  });
}

TEST_F(SilenceInTheRing, OfAThresholdReachesSoFarAndNoFarther) {
  constexpr size_t kThreshold = 14400;
  look_in_time([&] {
    if (!play_the_rest(kThreshold, kThreshold)) return Look::too_late;
    expect_silence(kThreshold - kWritten);
    expect(old_data(kThreshold, kBuffer - kThreshold));
    expect_recorded();
    return Look::in_time;
  });
}

TEST_F(SilenceInTheRing, OfAThresholdIsAtMostItsSize) {
  constexpr size_t kSize = 480;
  look_in_time([&] {
    if (!play_the_rest(14400, kSize)) return Look::too_late;
    expect_silence(kSize);
    expect(old_data(kWritten + kSize, kBuffer - kWritten - kSize));
    expect_recorded();
    return Look::in_time;
  });
}

/// Each interrupt fills as many frames as the period before has used.
TEST_F(SilenceInTheRing, OfAThresholdGoesOnWithThePeriods) {
  constexpr size_t kThreshold = 19200;
  look_in_time([&] {
    prepare(kThreshold, kThreshold);
    fill_with_old_data();
    write(kWritten);
    start();
    const bool moved = eventually([&] {
      return snd_pcm_avail(pcm_.get()) >= snd_pcm_sframes_t{kBuffer - kWritten + 4800 + 2400};
    });
    EXPECT_TRUE(moved);
    if (!forward(kThreshold + 4800 - kWritten, kWritten)) return Look::too_late;
    expect_silence(kThreshold + 4800 - kWritten);
    expect_recorded();
    return Look::in_time;
  });
}

/// The hardware passes these frames between the last frame and the interrupt.
TEST_F(SilentRing, IsBehindTheEndOfADrain) {
  prepare(0, 0);
  fill_with_old_data();
  write(kWritten);
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), 0);
  ASSERT_EQ(snd_pcm_prepare(pcm_.get()), 0);
  write(kWritten);  // the ring's beginning may have been played, and be silence by now
  ASSERT_EQ(snd_pcm_forward(pcm_.get(), kBuffer - kWritten), kBuffer - kWritten);
  expect_silence(kBuffer - kWritten);
  expect_recorded();
}

class SilenceAndPlay : public SilentRing,
                       public ::testing::WithParamInterface<std::pair<size_t, size_t>> {
 protected:
  SilenceAndPlay() {
    expect_a_look();
    setup_.period_size = 1920;
    setup_.buffer_size = 19200;
    setup_.start_threshold = 19200;
  }
  /// Plays in pieces. Too late if the hardware may have come to a piece before it was written.
  Look play(size_t frames) {
    prepare(GetParam().first, GetParam().second);
    expect(pattern_frames(setup_.layout, 0, frames));
    start_ns_ = now_ns();
    for (size_t written = 0; written < frames;) {
      const size_t piece = std::min<size_t>(setup_.period_size, frames - written);
      const auto data = pattern_frames(setup_.layout, written, piece);
      const auto done = write_frames(pcm_.get(), data);
      if (written > 0 && now_ns() - start_ns_ >= setup_.time_of(written)) return Look::too_late;
      EXPECT_EQ(done, static_cast<snd_pcm_sframes_t>(piece));
      if (HasFailure()) break;
      written += static_cast<size_t>(done);
    }
    expect_recorded();
    return Look::in_time;
  }
};

TEST_P(SilenceAndPlay, NeverTouchesWhatTheProgramWrites) {
  look_in_time([&] { return play(5 * 9600 + 17); });
}

INSTANTIATE_TEST_SUITE_P(Alsa, SilenceAndPlay,
                         ::testing::Values(std::pair<size_t, size_t>{0, kBoundary},
                                           std::pair<size_t, size_t>{17280, 17280},
                                           std::pair<size_t, size_t>{1920, 192}));

}  // namespace
}  // namespace dmasim::test
