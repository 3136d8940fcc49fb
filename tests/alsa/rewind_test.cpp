// SPDX-License-Identifier: LGPL-2.1-or-later
/// Programs that move their own position: rewind, forward, and falling behind a free-running card.
#include <gtest/gtest.h>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

constexpr uint64_t kOtherSeed = 1;

class Moving : public ::testing::Test {
 protected:
  void open_and_write(size_t frames) {
    pcm_ = open_playback({{"FILE", path_}});
    ASSERT_TRUE(pcm_);
    ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
    expected_.clear();
    write(pattern_frames(setup_.layout, 0, frames));
  }
  void write(const std::vector<std::byte>& data) {
    const size_t frames = data.size() / setup_.layout.frame_bytes();
    ASSERT_EQ(write_frames(pcm_.get(), data), frames);
    remember(data);
  }
  void remember(const std::vector<std::byte>& data) {
    expected_.insert(expected_.end(), data.begin(), data.end());
  }
  void drop_expected(size_t frames) {
    expected_.resize(expected_.size() - frames * setup_.layout.frame_bytes());
  }
  void start() {
    start_ns_ = now_ns();
    ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  }
  /// Says whether the hardware cannot have passed `frames` frames yet.
  [[nodiscard]] bool before(uint64_t frames) const {
    return now_ns() - start_ns_ < setup_.time_of(frames);
  }
  void expect_recorded() {
    pcm_.reset();
    EXPECT_EQ(first_difference(setup_.layout, expected_, read_file(path_)), "");
  }

  PcmSetup setup_;
  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("played.raw");
  std::vector<std::byte> expected_;
  Pcm pcm_;
  int64_t start_ns_ = 0;
};

/// Moves the position in a running stream, before the hardware has come there.
class MovingInTime : public Moving {
 protected:
  MovingInTime() { expect_a_look(); }
};

TEST_F(MovingInTime, RewoundFramesAreRecordedAsTheyWereRewritten) {
  look_in_time([&] {
    open_and_write(24000);
    start();
    const auto rewound = snd_pcm_rewind(pcm_.get(), 12000);
    const auto data = pattern_frames(setup_.layout, 0, 12345, kOtherSeed);
    const auto written = write_frames(pcm_.get(), data);
    if (!before(12000)) return Look::too_late;
    EXPECT_EQ(rewound, 12000);
    drop_expected(12000);
    EXPECT_EQ(written, 12345);
    remember(data);
    EXPECT_EQ(snd_pcm_drain(pcm_.get()), 0);
    expect_recorded();
    return Look::in_time;
  });
}

TEST_F(MovingInTime, RewoundFramesThatAreNotRewrittenAreNotPlayed) {
  look_in_time([&] {
    open_and_write(9600);
    write(pattern_frames(setup_.layout, 9600, 4800));
    write(pattern_frames(setup_.layout, 14400, 100));
    start();
    const auto rewound = snd_pcm_rewind(pcm_.get(), 4900);
    if (!before(9600)) return Look::too_late;
    EXPECT_EQ(rewound, 4900);
    drop_expected(4900);
    EXPECT_EQ(snd_pcm_drain(pcm_.get()), 0);
    expect_recorded();
    return Look::in_time;
  });
}

/// The rewind takes back exactly the last write. The program makes no other call before the xrun.
TEST_F(MovingInTime, AWriteThatIsTakenBackAsAWholeIsNotPlayed) {
  look_in_time([&] {
    open_and_write(9600);
    start();
    const auto written = write_frames(pcm_.get(), pattern_frames(setup_.layout, 9600, 4800));
    const auto rewound = snd_pcm_rewind(pcm_.get(), 4800);
    if (!before(9600)) return Look::too_late;
    EXPECT_EQ(written, 4800);
    EXPECT_EQ(rewound, 4800);
    EXPECT_TRUE(reaches_state(pcm_.get(), SND_PCM_STATE_XRUN));
    expect_recorded();
    return Look::in_time;
  });
}

TEST_F(Moving, APreparedStreamIsRewoundToItsBeginning) {
  open_and_write(9600);
  ASSERT_EQ(snd_pcm_rewind(pcm_.get(), 9600), 9600);
  drop_expected(9600);
  ASSERT_NO_FATAL_FAILURE(write(pattern_frames(setup_.layout, 0, 7001, kOtherSeed)));
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), 0);
  expect_recorded();
}

TEST_F(Moving, APreparedStreamThatWasTakenBackHasNothingToPlay) {
  open_and_write(9600);
  ASSERT_EQ(snd_pcm_rewind(pcm_.get(), 9600), 9600);
  EXPECT_EQ(snd_pcm_start(pcm_.get()), -EPIPE);
  EXPECT_EQ(snd_pcm_drain(pcm_.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
}

TEST_F(Moving, TheDelayOfAPreparedStreamFollows) {
  open_and_write(9600);
  ASSERT_EQ(snd_pcm_rewind(pcm_.get(), 5000), 5000);
  snd_pcm_sframes_t delay = 0;
  ASSERT_EQ(snd_pcm_delay(pcm_.get(), &delay), 0);
  EXPECT_EQ(delay, 4600);
  ASSERT_EQ(snd_pcm_forward(pcm_.get(), 100), 100);
  ASSERT_EQ(snd_pcm_delay(pcm_.get(), &delay), 0);
  EXPECT_EQ(delay, 4700);
}

TEST_F(MovingInTime, TheDelayOfARunningStreamFollowsAtOnce) {
  look_in_time([&] {
    open_and_write(9600);
    start();
    const auto written = write_frames(pcm_.get(), pattern_frames(setup_.layout, 9600, 4800));
    const auto rewound = snd_pcm_rewind(pcm_.get(), 4800);
    snd_pcm_sframes_t delay = 0;
    const int answer = snd_pcm_delay(pcm_.get(), &delay);
    if (!before(9600)) return Look::too_late;
    EXPECT_EQ(written, 4800);
    EXPECT_EQ(rewound, 4800);
    EXPECT_EQ(answer, 0);
    EXPECT_LE(delay, 9600);
    return Look::in_time;
  });
}

TEST_F(Moving, RewindableIsWhatTheHardwareHasNotTaken) {
  open_and_write(24000);
  start();
  const snd_pcm_sframes_t avail = snd_pcm_avail(pcm_.get());
  const snd_pcm_sframes_t rewindable = snd_pcm_rewindable(pcm_.get());
  EXPECT_EQ(rewindable, 48000 - avail);
}

TEST_F(Moving, SkippedFramesAreTheSilenceOfAFreshBuffer) {
  open_and_write(1000);
  ASSERT_EQ(snd_pcm_forward(pcm_.get(), 500), 500);
  expected_.resize(expected_.size() + 500 * setup_.layout.frame_bytes());
  write(pattern_frames(setup_.layout, 1500, 1000));
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), 0);
  expect_recorded();
}

/// With stop_threshold = boundary the card plays the ring again and again, as real DMA does.
TEST_F(Moving, AFreeRunningCardGoesOnAndRecordsOnlyWhatWasWritten) {
  setup_.period_size = 480;
  setup_.buffer_size = 4800;
  setup_.stop_threshold = kBoundary;
  open_and_write(3000);
  start();
  snd_pcm_sframes_t delay = 0;
  ASSERT_TRUE(eventually([&] {
    EXPECT_EQ(snd_pcm_delay(pcm_.get(), &delay), 0);
    return delay < -9600;
  }));
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_RUNNING);
  EXPECT_GE(now_ns() - start_ns_, setup_.time_of(3000 + 9600));
  EXPECT_GT(snd_pcm_avail(pcm_.get()), 4800 + 9600);
  ASSERT_EQ(snd_pcm_drop(pcm_.get()), 0);
  expect_recorded();
}

/// The program is behind the hardware by more than a buffer. It skips ahead and plays again.
TEST_F(MovingInTime, AProgramCatchesUpWithAFreeRunningCard) {
  setup_.period_size = 4800;
  setup_.buffer_size = 24000;
  setup_.stop_threshold = kBoundary;
  look_in_time([&] {
    open_and_write(3000);
    start();
    EXPECT_TRUE(eventually([&] { return snd_pcm_avail(pcm_.get()) > 24000 + 4800; }));
    snd_pcm_sframes_t delay = 0;
    EXPECT_EQ(snd_pcm_delay(pcm_.get(), &delay), 0);
    constexpr snd_pcm_sframes_t kLead = 9600;
    const auto skip = static_cast<snd_pcm_uframes_t>(kLead - delay);
    EXPECT_EQ(snd_pcm_forward(pcm_.get(), skip), static_cast<snd_pcm_sframes_t>(skip));
    EXPECT_EQ(write_frames(pcm_.get(), pattern_frames(setup_.layout, 3000, 2000)), 2000);
    if (!before(3000 + skip)) return Look::too_late;
    EXPECT_EQ(snd_pcm_drain(pcm_.get()), 0);
    pcm_.reset();
    const auto recorded = read_file(path_);
    const auto tail = pattern_frames(setup_.layout, 3000, 2000);
    EXPECT_GE(recorded.size(), expected_.size() + tail.size());
    const std::vector<std::byte> end(recorded.end() - static_cast<std::ptrdiff_t>(tail.size()),
                                     recorded.end());
    EXPECT_EQ(first_difference(setup_.layout, tail, end), "");
    return Look::in_time;
  });
}

}  // namespace
}  // namespace dmasim::test
