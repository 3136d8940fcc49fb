// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which hook is allowed in which state, what a refusal leaves behind, and which hook waits for a
/// callback.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

constexpr PcmSetup kCapture{.stream = SND_PCM_STREAM_CAPTURE};

SwParams starting_by_hand() {
  return {.avail_min = 8, .start_threshold = 1000, .stop_threshold = 32};
}

TEST(SubstreamLife, NothingGoesWithoutASetup) {
  IoplugPcm pcm({});
  EXPECT_EQ(pcm.substream().channels(), 1u);
  EXPECT_TRUE(pcm.substream().prepared());
  ASSERT_EQ(pcm.hw_free(), 0);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_OPEN);
  EXPECT_EQ(pcm.substream().channels(), 0u);
  EXPECT_FALSE(pcm.substream().prepared());
  EXPECT_EQ(pcm.prepare(), -EBADFD);
  EXPECT_EQ(pcm.substream().start().error(), EBADFD);
  EXPECT_EQ(pcm.substream().transfer(nullptr, 0, 1).error(), EBADFD);
  EXPECT_EQ(pcm.substream().delay().error(), EBADFD);
  pcm.substream().stop();
  EXPECT_EQ(pcm.substream().channels(), 0u) << "nor does a stop make one";
  EXPECT_EQ(pcm.hw_params(), 0) << "but a new setup";
  EXPECT_EQ(pcm.write(5), 5);
}

TEST(SubstreamLife, SetupOfARunningStreamCannotBeChanged) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(5);
  EXPECT_EQ(pcm.hw_params(), -EBADFD);
  EXPECT_EQ(pcm.substream().hw_free().error(), EBADFD);
  pcm.run(5);
  EXPECT_EQ(pcm.avail(), 10);
  ASSERT_EQ(pcm.pause(true), 0);
  EXPECT_EQ(pcm.hw_params(), -EBADFD);
  EXPECT_EQ(pcm.substream().hw_free().error(), EBADFD);
  EXPECT_EQ(pcm.sink().played, counted(1, 10));
}

/// alsa-lib frees an earlier setup before it sets another. This test does not free it, so that it
/// sees what a refusal leaves.
TEST(SubstreamLife, SetupThatTheSinkCannotHoldIsRefusedAndChangesNothing) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(starting_by_hand()), 0);
  ASSERT_EQ(pcm.write(20), 20);
  pcm.sink().holds_format = false;
  const HwSetup other{.format = {.sample = SampleFormat::s16_le, .channels = 1, .rate_hz = 2000},
                      .period_size = 4,
                      .buffer_size = 16};
  EXPECT_EQ(pcm.substream().hw_params(other).error(), EINVAL);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_PREPARED);
  EXPECT_EQ(pcm.substream().stats().hw.format.rate_hz, 1000u);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(13);
  EXPECT_EQ(pcm.avail(), 25);
  EXPECT_EQ(pcm.played_by_now(), counted(1, 13));
}

TEST(SubstreamLife, SetupThatIsRefusedLeavesASetupToCome) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.drop(), 0);
  ASSERT_EQ(pcm.hw_free(), 0);
  pcm.sink().holds_format = false;
  EXPECT_EQ(pcm.hw_params(), -EINVAL);
  EXPECT_EQ(pcm.substream().channels(), 0u);
  EXPECT_EQ(pcm.sink().configures, 0) << "no file is made";
  pcm.sink().holds_format = true;
  EXPECT_EQ(pcm.hw_params(), 0);
  EXPECT_EQ(pcm.write(5), 5);
}

TEST(SubstreamLife, HwFreeWaitsForTheRecording) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(5);
  ASSERT_EQ(pcm.drop(), 0);
  EXPECT_EQ(pcm.sink().flushes, 0);
  ASSERT_EQ(pcm.hw_free(), 0);
  EXPECT_EQ(pcm.sink().flushes, 1);
}

TEST(SubstreamLife, StartWithNothingToPlayIsAnXrunAndStaysPrepared) {
  IoplugPcm pcm({});
  EXPECT_EQ(pcm.start(), -EPIPE);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_PREPARED);
  EXPECT_EQ(pcm.substream().stats().starts, 0u);
  IoplugPcm capture(kCapture);
  EXPECT_EQ(capture.start(), 0) << "which has nothing to play";
}

TEST(SubstreamLife, StartThatTheDeviceRefusesStaysPrepared) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(starting_by_hand()), 0);
  ASSERT_EQ(pcm.write(20), 20);
  pcm.sink().configure_error = ENOENT;
  EXPECT_EQ(pcm.start(), -ENOENT);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_PREPARED);
  EXPECT_TRUE(pcm.substream().prepared());
  pcm.run(5);
  EXPECT_EQ(pcm.avail(), 12);
  pcm.sink().configure_error = 0;
  EXPECT_EQ(pcm.start(), 0);
  pcm.run(5);
  EXPECT_EQ(pcm.avail(), 17);
}

TEST(SubstreamLife, DropStopsAtItsFrame) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(13);
  ASSERT_EQ(pcm.drop(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, 13));
  EXPECT_EQ(pcm.substream().stats().hw_ptr, 13u);
  EXPECT_EQ(pcm.sink().flushes_asked, 1);
  pcm.run(100);
  EXPECT_EQ(pcm.sink().came_out.size(), 13u);
  EXPECT_EQ(pcm.delay(), -EBADFD);
  ASSERT_EQ(pcm.prepare(), 0);
  EXPECT_EQ(pcm.delay(), 0);
  EXPECT_EQ(pcm.avail(), 32);
}

/// The frames in the FIFO do not come out any more.
TEST(SubstreamLife, DropEmptiesTheFifo) {
  IoplugPcm pcm({.fifo_frames = 6});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(13);
  EXPECT_EQ(pcm.delay(), 19 + 6);
  ASSERT_EQ(pcm.drop(), 0);
  EXPECT_EQ(pcm.sink().came_out, counted(1, 7));
  ASSERT_EQ(pcm.prepare(), 0);
  EXPECT_EQ(pcm.delay(), 0);
  ASSERT_EQ(pcm.write(5), 5);
  EXPECT_EQ(pcm.delay(), 5);
}

TEST(SubstreamLife, PrepareDiscardsWhatWasWritten) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(starting_by_hand()), 0);
  ASSERT_EQ(pcm.write(20), 20);
  ASSERT_EQ(pcm.prepare(), 0);
  EXPECT_EQ(pcm.avail(), 32);
  ASSERT_EQ(pcm.write(5), 5);
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(21, 5));
}

TEST(SubstreamLife, SyncOfTheRecordingHasAllUntilNow) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(13);
  EXPECT_TRUE(pcm.substream().sync_recording());
  EXPECT_EQ(pcm.sink().played, counted(1, 13));
  EXPECT_EQ(pcm.sink().flushes, 1);
  pcm.run(5);
  EXPECT_EQ(pcm.avail(), 18) << "and plays on";
  pcm.sink().flush_error = EIO;
  EXPECT_EQ(pcm.substream().sync_recording().error(), EIO);
}

/// A period's callback runs from frame 8 to frame 11.
TEST(SubstreamLife, DropDoesNotWaitForACallbackAndPrepareDoes) {
  IoplugPcm pcm({.slow_callback_ns = 3 * kFrameNs});
  ASSERT_EQ(pcm.write(32), 32);
  const int64_t begun_ns = lockstep::now_ns();
  pcm.pass(9);
  ASSERT_EQ(pcm.drop(), 0);
  EXPECT_EQ(lockstep::now_ns() - begun_ns, 9 * kFrameNs);
  ASSERT_EQ(pcm.prepare(), 0);
  EXPECT_EQ(lockstep::now_ns() - begun_ns, 11 * kFrameNs);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_PREPARED);
  EXPECT_EQ(pcm.avail(), 32);
}

TEST(SubstreamLife, CloseWaitsForACallbackAndCountsIt) {
  IoplugPcm pcm({.slow_callback_ns = 3 * kFrameNs});
  ASSERT_EQ(pcm.write(32), 32);
  const int64_t begun_ns = lockstep::now_ns();
  pcm.pass(9);
  pcm.substream().close();
  EXPECT_EQ(lockstep::now_ns() - begun_ns, 11 * kFrameNs);
  EXPECT_EQ(pcm.substream().stats().closes_during_callback, 1u);
  EXPECT_EQ(pcm.sink().played, counted(1, 9));
  EXPECT_EQ(pcm.sink().flushes, 1);
  pcm.overwrite_state(SND_PCM_STATE_OPEN);
}

/// snd_pcm_status asks for the position and then for the delay. Both must be of one moment.
TEST(SubstreamDelay, IsOfTheMomentOfThePositionBeforeIt) {
  IoplugPcm pcm({.fifo_frames = 6});
  ASSERT_EQ(pcm.write(32), 32);
  lockstep::advance_to(lockstep::now_ns() + 3 * kFrameNs - 50'000);
  EXPECT_EQ(pcm.avail(), 2);
  EXPECT_EQ(pcm.delay(), 32);
  lockstep::advance_to(lockstep::now_ns() + 50'000);
  EXPECT_EQ(pcm.delay(), 32) << "two on their way: as answered 50 microseconds ago";
  lockstep::advance_to(lockstep::now_ns() + 50'000);
  EXPECT_EQ(pcm.delay(), 32) << "three in the FIFO, 29 before it";
  pcm.run(6);
  EXPECT_EQ(pcm.delay(), 29) << "the FIFO is full";
}

TEST(SubstreamDelay, WithoutAFifoChangesWithTheNextMoment) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  lockstep::advance_to(lockstep::now_ns() + 3 * kFrameNs - 50'000);
  EXPECT_EQ(pcm.avail(), 2);
  lockstep::advance_to(lockstep::now_ns() + 99'999);
  EXPECT_EQ(pcm.delay(), 30);
  lockstep::advance_to(lockstep::now_ns() + 1);
  EXPECT_EQ(pcm.delay(), 29);
}

TEST(SubstreamDelay, OfCaptureIsWhatCanBeReadAndWhatIsOnItsWay) {
  IoplugPcm pcm(kCapture);
  ASSERT_EQ(pcm.start(), 0);
  lockstep::advance_to(lockstep::now_ns() + 3 * kFrameNs - 50'000);
  EXPECT_EQ(pcm.avail(), 2);
  lockstep::advance_to(lockstep::now_ns() + 50'000);
  EXPECT_EQ(pcm.delay(), 2);
  lockstep::advance_to(lockstep::now_ns() + 50'000);
  EXPECT_EQ(pcm.delay(), 3);
}

/// A stop lets the frames in the FIFO out, behind those of a catch-up.
TEST(SubstreamFifo, ComesOutIntoASinkThatIsReadyForIt) {
  for (const bool needs_times : {false, true}) {
    IoplugPcm pcm({.fifo_frames = 5, .needs_times = needs_times});
    ASSERT_EQ(pcm.write(8), 8);
    EXPECT_EQ(pcm.sink().burst_frames, needs_times ? 32u : 37u) << "a TimedSink has the ring";
  }
}

}  // namespace
}  // namespace dmasim
