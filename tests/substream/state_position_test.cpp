// SPDX-License-Identifier: LGPL-2.1-or-later
/// The pure part of the substream: positions that follow from the clock alone.
#include <gtest/gtest.h>

#include "tests/substream/state_in_phase.h"

namespace dmasim {
namespace {

using namespace state_in_phase;

TEST(SubstreamState, FollowsTheClockUntilTheXrun) {
  SubstreamState state = in_phase(Phase::running);
  EXPECT_TRUE(state.follow_clock(15 * kMs, 16));
  EXPECT_EQ(state.pointers().hw_frames(), 15u);
  EXPECT_FALSE(state.follow_clock(16 * kMs, 16)) << "the hardware has to be stopped";
  EXPECT_EQ(state.pointers().hw_frames(), 15u);
}

TEST(SubstreamState, FollowsTheClockUntilItIsReady) {
  SubstreamState state = in_phase(Phase::running);
  SwSetup sw = sw_setup();
  sw.avail_min = 24;
  ASSERT_TRUE(state.sw_params(sw));
  EXPECT_FALSE(state.follow_clock(2 * kMs, 16)) << "nothing was settled for the new avail_min";
  state.settle();
  EXPECT_TRUE(state.follow_clock(7 * kMs, 16));
  EXPECT_FALSE(state.follow_clock(8 * kMs, 16));
}

TEST(SubstreamState, FollowsTheClockOfAFreeRunUntilUnwrittenFrames) {
  SubstreamState state = in_phase(Phase::running);
  SwSetup sw = sw_setup();
  sw.stop_threshold = kBoundary;
  ASSERT_TRUE(state.sw_params(sw));
  state.settle();
  EXPECT_TRUE(state.follow_clock(15 * kMs, 16));
  EXPECT_FALSE(state.follow_clock(16 * kMs, 16));
}

TEST(SubstreamState, FollowsTheClockOfACaptureUntilUnreadFramesAreLost) {
  for (const snd_pcm_uframes_t stop_threshold : {kBuffer, kBoundary}) {
    SubstreamState state = in_phase(Phase::running, SND_PCM_STREAM_CAPTURE);
    SwSetup sw = sw_setup();
    sw.stop_threshold = stop_threshold;
    ASSERT_TRUE(state.sw_params(sw));
    state.settle();
    EXPECT_TRUE(state.follow_clock(31 * kMs, 0));
    EXPECT_FALSE(state.follow_clock(32 * kMs, 0)) << stop_threshold;
  }
}

TEST(SubstreamState, LooksAtTheHardwareAfterTheProgramHasMoved) {
  SubstreamState state = in_phase(Phase::running);
  EXPECT_TRUE(state.follow_clock(2 * kMs, 16));
  EXPECT_FALSE(state.follow_clock(3 * kMs, 12)) << "a rewind";
  EXPECT_EQ(state.pointers().hw_frames(), 2u);
  EXPECT_EQ(state.pointers().appl_ptr(), 16u) << "the DMA may have to move frames before";
  state.see_appl_ptr(12);
  EXPECT_FALSE(state.follow_clock(3 * kMs, 12)) << "nothing was settled for it";
  state.settle();
  EXPECT_TRUE(state.follow_clock(3 * kMs, 12));
  EXPECT_FALSE(state.follow_clock(12 * kMs, 12));
}

TEST(SubstreamState, MovesWhatTheHardwareHasPassedBeforeARewindBehindIt) {
  SubstreamState state = in_phase(Phase::running);
  EXPECT_TRUE(state.follow_clock(6 * kMs, 16));
  EXPECT_EQ(state.looked_at_ns(), 6 * kMs);
  EXPECT_FALSE(state.rewind_needs_move(16)) << "no rewind";
  EXPECT_FALSE(state.rewind_needs_move(6)) << "not behind the hardware";
  EXPECT_TRUE(state.rewind_needs_move(5));
  EXPECT_FALSE(state.rewind_needs_move(0)) << "no position";
  state.moved({.hw_frames = 6});
  EXPECT_FALSE(state.rewind_needs_move(5)) << "all is moved";
}

TEST(SubstreamState, FollowsTheClockOnlyWhileItRuns) {
  for (const Phase phase : kAllPhases) {
    SubstreamState state = in_phase(phase, stream_of(phase));
    const snd_pcm_uframes_t shown = state.pointers().appl_ptr();
    EXPECT_EQ(state.follow_clock(2 * kMs, shown), phase == Phase::running) << int(phase);
  }
}

TEST(SubstreamState, FollowsTheClockOfTheNewestRun) {
  SubstreamState state = in_phase(Phase::running);
  state.pause();
  EXPECT_FALSE(state.follow_clock(2 * kMs, 16));
  state.run(time_from(100));
  EXPECT_TRUE(state.follow_clock(102 * kMs, 16));
  EXPECT_EQ(state.pointers().hw_frames(), 2u);
}

TEST(SubstreamState, LooksAtTheHardwareAlwaysForEndlessSilence) {
  SubstreamState state = in_phase(Phase::running);
  SwSetup sw = sw_setup();
  sw.silence_size = kBoundary;
  ASSERT_TRUE(state.sw_params(sw));
  state.settle();
  EXPECT_FALSE(state.follow_clock(2 * kMs, 16));
  EXPECT_FALSE(state.follow_clock_after_write(16, 2 * kMs));
}

TEST(SubstreamState, KnowsByTheClockThatAWriteWasInTime) {
  SubstreamState state = in_phase(Phase::running);
  state.transferred(8);
  EXPECT_FALSE(state.follow_clock(2 * kMs, 16 + kBoundary)) << "nothing is settled yet";
  EXPECT_TRUE(state.follow_clock_after_write(16, 15 * kMs));
  EXPECT_EQ(state.pointers().hw_frames(), 15u);
  EXPECT_FALSE(state.follow_clock_after_write(16, 16 * kMs));
}

TEST(SubstreamState, KnowsByTheClockThatAWriteCameBeforeAnEarlyXrun) {
  SubstreamState state = in_phase(Phase::running);
  SwSetup sw = sw_setup();
  sw.stop_threshold = kBuffer - 10;
  ASSERT_TRUE(state.sw_params(sw));
  state.transferred(8);
  EXPECT_TRUE(state.follow_clock_after_write(16, 5 * kMs));
  EXPECT_FALSE(state.follow_clock_after_write(16, 6 * kMs));
}

TEST(SubstreamState, KnowsWhichSlotsTheDmaHasMoved) {
  SubstreamState playback = in_phase(Phase::running);
  EXPECT_TRUE(playback.follow_clock(9 * kMs, 16));
  EXPECT_TRUE(playback.slots_are_moved(17));
  EXPECT_FALSE(playback.slots_are_moved(18)) << "by the clock the slot is free, but not moved";
  playback.moved({.hw_frames = 9});
  EXPECT_TRUE(playback.slots_are_moved(25));

  SubstreamState capture = in_phase(Phase::running, SND_PCM_STREAM_CAPTURE);
  EXPECT_TRUE(capture.slots_are_moved(16));
  EXPECT_FALSE(capture.slots_are_moved(17));
}

TEST(SubstreamState, CountsTheFramesOfTheFifo) {
  SubstreamState state = in_phase(Phase::running);
  EXPECT_TRUE(state.follow_clock(3 * kMs, 16));
  EXPECT_EQ(state.delay(), 13 + 3);
  EXPECT_TRUE(state.follow_clock(9 * kMs, 16));
  EXPECT_EQ(state.delay(), 7 + 4);
  state.pause();
  EXPECT_EQ(state.delay(), 7 + 4);
  state.stop();
  EXPECT_EQ(state.delay(), 7);
}

}  // namespace
}  // namespace dmasim
