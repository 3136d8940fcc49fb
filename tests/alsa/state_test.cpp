// SPDX-License-Identifier: LGPL-2.1-or-later
/// The state of a PCM after each call, and the answer of a call in a wrong state.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/alsa/bracket.h"
#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

constexpr auto kSetupState = SND_PCM_STATE_SETUP;

TEST(States, OfPlaybackFromOpenToClose) {
  const Pcm pcm = open_playback({});
  ASSERT_TRUE(pcm);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_OPEN);
  const PcmSetup setup;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const auto frames = pattern_frames(setup.layout, 0, setup.buffer_size);
  ASSERT_EQ(write_frames(pcm.get(), frames), setup.buffer_size);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_PREPARED);
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(snd_pcm_pause(pcm.get(), 1), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_PAUSED);
  EXPECT_EQ(snd_pcm_pause(pcm.get(), 0), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(snd_pcm_drop(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), kSetupState);
  EXPECT_EQ(snd_pcm_prepare(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_PREPARED);
  EXPECT_EQ(snd_pcm_hw_free(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_OPEN);
}

TEST(States, OfCaptureFromOpenToClose) {
  const Pcm pcm = open_capture({});
  ASSERT_TRUE(pcm);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_OPEN);
  const PcmSetup setup;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(snd_pcm_pause(pcm.get(), 1), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_PAUSED);
  EXPECT_EQ(snd_pcm_drop(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), kSetupState);
  EXPECT_EQ(snd_pcm_prepare(pcm.get()), 0);
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), kSetupState);
}

TEST(States, DrainOfAnEmptyStreamEndsInSetup) {
  const Pcm pcm = open_playback({});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
  EXPECT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), kSetupState);
  EXPECT_EQ(snd_pcm_drain(pcm.get()), 0) << "a second drain has nothing to do";
}

TEST(States, StartOfAnEmptyPlaybackIsRefused) {
  const Pcm pcm = open_playback({});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
  EXPECT_EQ(snd_pcm_start(pcm.get()), -EPIPE);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_PREPARED);
}

TEST(States, CallsThatComeTooEarlyOrTooLateAreRefused) {
  const Pcm pcm = open_capture({});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
  EXPECT_EQ(snd_pcm_pause(pcm.get(), 1), -EBADFD);
  EXPECT_EQ(snd_pcm_pause(pcm.get(), 0), -EBADFD);
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_start(pcm.get()), -EBADFD);
  EXPECT_EQ(snd_pcm_pause(pcm.get(), 0), -EBADFD);
  ASSERT_EQ(snd_pcm_drop(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_start(pcm.get()), -EBADFD);
  EXPECT_EQ(snd_pcm_pause(pcm.get(), 1), -EBADFD);
  EXPECT_EQ(snd_pcm_drop(pcm.get()), 0);
}

/// Programs that list devices, and plugins above this one, make these calls at any time.
TEST(States, QuestionsBeforeHwParamsAreHarmless) {
  for (const snd_pcm_stream_t stream : {SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE}) {
    const Opened opened = try_open({}, stream);
    ASSERT_EQ(opened.error, 0);
    snd_pcm_status_t* status = nullptr;
    snd_pcm_status_alloca(&status);
    EXPECT_EQ(snd_pcm_status(opened.pcm.get(), status), 0);
    EXPECT_EQ(snd_pcm_status_get_state(status), SND_PCM_STATE_OPEN);
    EXPECT_EQ(snd_pcm_status_get_delay(status), 0);
    snd_output_t* output = nullptr;
    ASSERT_EQ(snd_output_buffer_open(&output), 0);
    EXPECT_GE(snd_pcm_dump(opened.pcm.get(), output), 0);
    snd_output_close(output);
  }
}

class RefusedWhileRunning : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = directory_.file("played.raw");
    pcm_ = open_playback({{"FILE", path_}});
    ASSERT_TRUE(pcm_);
    ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
    ASSERT_EQ(write_frames(pcm_.get(), frames_), setup_.buffer_size);
    start_ = bracket([&] { ASSERT_EQ(snd_pcm_start(pcm_.get()), 0); });
  }
  /// Expects that the recording is a beginning of the written frames.
  void expect_a_beginning_recorded() {
    const auto recorded = read_file(path_);
    ASSERT_LE(recorded.size(), frames_.size());
    EXPECT_EQ(recorded.size() % setup_.layout.frame_bytes(), 0U);
    const std::vector<std::byte> expected(
        frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(recorded.size()));
    EXPECT_EQ(first_difference(setup_.layout, expected, recorded), "");
  }

  const PcmSetup setup_{};
  const std::vector<std::byte> frames_ = pattern_frames(setup_.layout, 0, setup_.buffer_size);
  TemporaryDirectory directory_;
  std::string path_;
  Pcm pcm_;
  Bracket start_;
};

TEST_F(RefusedWhileRunning, PrepareIsBusyAndTheStreamGoesOn) {
  const PcmSetup setup = setup_;
  // Waits first: at position 0 a reset would change nothing.
  ASSERT_TRUE(eventually([&] { return snd_pcm_avail(pcm_.get()) >= 1000; }));
  EXPECT_EQ(snd_pcm_prepare(pcm_.get()), -EBUSY);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_RUNNING);
  snd_pcm_sframes_t played = 0;  // all was written at the start, so avail counts the played frames
  const Bracket ask = bracket([&] { played = snd_pcm_avail(pcm_.get()); });
  const PositionRange since_the_start = position_range(start_, ask, setup.rate_hz);
  EXPECT_GE(played, since_the_start.least) << "the prepare took time or position away";
  EXPECT_LE(played, since_the_start.most);

  const auto more = pattern_frames(setup.layout, setup.buffer_size, 500);
  ASSERT_EQ(write_frames(pcm_.get(), more), 500);
  EXPECT_EQ(snd_pcm_prepare(pcm_.get()), -EBUSY);
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), 0);
  EXPECT_GE(now_ns() - start_.before_ns, setup.time_of(setup.buffer_size + 500));
  const auto all = pattern_frames(setup.layout, 0, setup.buffer_size + 500);
  EXPECT_EQ(first_difference(setup.layout, all, read_file(path_)), "");
}

TEST_F(RefusedWhileRunning, HwFreeThenThePcmClosesCleanly) {
  EXPECT_EQ(snd_pcm_hw_free(pcm_.get()), -EBADFD);
  pcm_.reset();
  expect_a_beginning_recorded();
}

TEST_F(RefusedWhileRunning, HwParamsThenThePcmClosesCleanly) {
  EXPECT_EQ(set_hw_params(pcm_.get(), setup_), -EBADFD);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_RUNNING);
  pcm_.reset();
  expect_a_beginning_recorded();
}

TEST(Starts, AppendToOneRecording) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("played.raw");
  const Pcm pcm = open_playback({{"FILE", path}});
  ASSERT_TRUE(pcm);
  PcmSetup setup;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  uint64_t written = 0;
  for (const size_t count : {1000U, 4800U, 1U, 333U, 2400U}) {
    ASSERT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, written, count)), count);
    written += count;
    ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
    ASSERT_EQ(snd_pcm_prepare(pcm.get()), 0);
  }
  const auto all = pattern_frames(setup.layout, 0, written);
  EXPECT_EQ(first_difference(setup.layout, all, read_file(path)), "");
}

/// A drop discards only frames that were not played yet. So the recording has a beginning of each
/// start.
TEST(Starts, EndedByDropRecordWhatWasPlayed) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("played.raw");
  const PcmSetup setup;
  size_t least = 0;
  {
    const Pcm pcm = open_playback({{"FILE", path}});
    ASSERT_TRUE(pcm);
    ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
    ASSERT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, 0, setup.buffer_size)),
              setup.buffer_size);
    ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
    ASSERT_TRUE(eventually([&] { return snd_pcm_avail(pcm.get()) >= 700; }));
    least = static_cast<size_t>(snd_pcm_avail(pcm.get()));
    ASSERT_EQ(snd_pcm_drop(pcm.get()), 0);
  }
  const auto recorded = read_file(path);
  const size_t frames = recorded.size() / setup.layout.frame_bytes();
  EXPECT_GE(frames, least);
  EXPECT_EQ(first_difference(setup.layout, pattern_frames(setup.layout, 0, frames), recorded), "");
}

/// The second start begins at the source's frame at which the drop has stopped the first.
TEST(Starts, OfCaptureGoOnInTheSource) {
  const Pcm pcm = open_capture({{"SOURCE", "counter"}});
  ASSERT_TRUE(pcm);
  const PcmSetup setup;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  std::vector<std::byte> got(2000 * setup.layout.frame_bytes());
  const Bracket start = bracket([&] { ASSERT_EQ(snd_pcm_start(pcm.get()), 0); });
  ASSERT_EQ(snd_pcm_readi(pcm.get(), got.data(), 2000), 2000);
  EXPECT_EQ(first_difference(setup.layout, counter_frames(setup.layout, 0, 2000), got), "");
  const Bracket drop = bracket([&] { ASSERT_EQ(snd_pcm_drop(pcm.get()), 0); });
  const PositionRange dropped = position_range(start, drop, setup.rate_hz);
  ASSERT_EQ(snd_pcm_prepare(pcm.get()), 0);
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  ASSERT_EQ(snd_pcm_readi(pcm.get(), got.data(), 2000), 2000);
  int64_t first = dropped.least;
  const auto differs = [&] {
    const auto piece = counter_frames(setup.layout, static_cast<uint64_t>(first), 2000);
    return !first_difference(setup.layout, piece, got).empty();
  };
  while (first <= dropped.most && differs()) ++first;
  EXPECT_LE(first, dropped.most) << "it begins at none of the frames from " << dropped.least;
}

TEST(QuickOrders, PauseDropAndCloseInAnyOrder) {
  const PcmSetup setup;
  const auto frames = pattern_frames(setup.layout, 0, setup.buffer_size);
  for (int turn = 0; turn < 60; ++turn) {
    Pcm pcm = open_playback({});
    ASSERT_TRUE(pcm);
    ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
    ASSERT_EQ(write_frames(pcm.get(), frames), setup.buffer_size);
    ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
    if (turn % 2 == 0) {
      ASSERT_EQ(snd_pcm_pause(pcm.get(), 1), 0);
    }
    if (turn % 3 == 0) {
      ASSERT_EQ(snd_pcm_drop(pcm.get()), 0);
    }
    if (turn % 6 == 0) {
      ASSERT_EQ(snd_pcm_prepare(pcm.get()), 0);
    }
    pcm.reset();
  }
}

}  // namespace
}  // namespace dmasim::test
