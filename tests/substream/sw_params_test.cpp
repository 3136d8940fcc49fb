// SPDX-License-Identifier: LGPL-2.1-or-later
/// The effects of snd_pcm_sw_params, also while the stream runs.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

constexpr snd_pcm_uframes_t kBuffer = 32;  // the buffer size of PcmSetup
constexpr snd_pcm_uframes_t kBoundary = 32 << 10;

/// alsa-lib's default parameters, with another stop_threshold.
SwParams stopping_at(snd_pcm_uframes_t stop_threshold) {
  return {.avail_min = 8, .start_threshold = 1, .stop_threshold = stop_threshold};
}

TEST(SubstreamSwParams, StartThresholdStartsAtTheWriteThatReachesIt) {
  IoplugPcm pcm({});
  SwParams sw = pcm.sw();
  sw.start_threshold = 20;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  EXPECT_EQ(pcm.write(19), 19);
  pcm.run(50);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_PREPARED);
  EXPECT_EQ(pcm.avail(), 13);
  EXPECT_EQ(pcm.write(1), 1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.sink().reported.size(), 20u) << "the sink knows from the start";
  pcm.run(19);
  EXPECT_EQ(pcm.avail(), 31);
  EXPECT_EQ(pcm.played_by_now(), counted(1, 19));
}

TEST(SubstreamSwParams, StopThresholdBelowTheBufferStopsAtThatFrame) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(stopping_at(20)), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(19);
  EXPECT_EQ(pcm.avail(), 19);
  pcm.run(1);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.hw_ptr(), 20u);
  EXPECT_EQ(pcm.sink().played, counted(1, 20)) << "nothing after the stop";
}

TEST(SubstreamSwParams, StopThresholdBetweenTicksIsSeenAtTheNextTick) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(stopping_at(20)), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(23);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  pcm.run(1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.sink().played, counted(1, 24));
}

TEST(SubstreamSwParams, StopThresholdOfZeroIsTheBuffer) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(stopping_at(0)), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(31);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  pcm.run(1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
}

TEST(SubstreamSwParams, StopThresholdAboveTheBufferAllowsThatMuchLateness) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(stopping_at(40)), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(39);
  EXPECT_EQ(pcm.avail(), 39);
  EXPECT_EQ(pcm.delay(), -7);
  pcm.run(1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.sink().played, counted(1, 32));
  EXPECT_EQ(pcm.sink().leftovers, counted(1, 8));
}

TEST(SubstreamSwParams, StopThresholdOfTheBoundaryNeverStops) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(stopping_at(kBoundary)), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(100);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.avail(), 100);
  EXPECT_EQ(pcm.hw_ptr(), 100u);
  EXPECT_EQ(pcm.xruns(), 0u);
}

TEST(SubstreamSwParams, OneBelowTheBoundaryIsNoFreeRun) {
  IoplugPcm pcm({.boundary = 64});
  ASSERT_EQ(pcm.sw_params(stopping_at(63)), 0);
  EXPECT_EQ(pcm.start(), -EPIPE) << "there is nothing to play";
  ASSERT_EQ(pcm.sw_params(stopping_at(64)), 0);
  EXPECT_EQ(pcm.start(), 0) << "free-running needs nothing";
}

TEST(SubstreamSwParams, FreeRunIsReportedAheadAsItComesOut) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(stopping_at(kBoundary)), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  for (int piece = 0; piece < 20; ++piece) {
    pcm.run(5);
    EXPECT_GE(pcm.avail(), 0);
    const uint64_t hw = pcm.true_hw();
    for (uint64_t n = hw; n < hw + kBuffer; ++n) ASSERT_TRUE(pcm.sink().reported.contains(n)) << n;
  }
  for (size_t n = 0; n < pcm.sink().came_out.size(); ++n) {
    ASSERT_EQ(pcm.sink().came_out[n], pcm.sink().reported.at(n)) << n;
  }
  EXPECT_EQ(pcm.sink().free_run_frames, 100 + kBuffer) << "each frame is reported once";
}

/// An ordinary sink gets its frames from the DMA alone.
TEST(SubstreamSwParams, FreeRunIsNotReportedToASinkThatNeedsNoTimes) {
  IoplugPcm pcm({.needs_times = false});
  ASSERT_EQ(pcm.sw_params(stopping_at(kBoundary)), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(50);
  EXPECT_EQ(pcm.write(10), 10);
  EXPECT_GE(pcm.avail(), 0);
  EXPECT_EQ(pcm.sink().came_out.size(), 50U);
  EXPECT_EQ(pcm.sink().free_run_frames, 0U);
}

TEST(SubstreamSwParams, FreeRunOfALateMachineIsReportedFromWhereItIs) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(stopping_at(kBoundary)), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run_late(300);
  EXPECT_EQ(pcm.avail(), 300);
  EXPECT_EQ(pcm.sink().reported.rbegin()->first, 331u);
  EXPECT_TRUE(pcm.sink().reported.contains(300));
  EXPECT_FALSE(pcm.sink().reported.contains(299)) << "that is over";
}

TEST(SubstreamSwParams, WriteIntoAFreeRunComesOutALapLaterAsReportedAhead) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(stopping_at(kBoundary)), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(50);
  EXPECT_EQ(pcm.write(10), 10);  // frames 32 to 41, which the hardware has passed already
  EXPECT_EQ(pcm.sink().reported.at(64), 33);
  EXPECT_EQ(pcm.sink().reported.at(73), 42);
  EXPECT_EQ(pcm.sink().reported.at(74), 11);
  pcm.run(40);
  EXPECT_GE(pcm.avail(), 0);
  for (size_t n = 50; n < pcm.sink().came_out.size(); ++n) {
    ASSERT_EQ(pcm.sink().came_out[n], pcm.sink().reported.at(n)) << n;
  }
}

TEST(SubstreamSwParams, FreeRunThatIsTakenUpAgainIsReportedAnew) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(stopping_at(kBoundary)), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(5);
  EXPECT_EQ(pcm.avail(), 5);
  EXPECT_TRUE(pcm.sink().reported.contains(36));
  ASSERT_EQ(pcm.sw_params(stopping_at(kBuffer)), 0);
  EXPECT_EQ(pcm.sink().reported.rbegin()->first, 31u) << "what is not written does not come";
  ASSERT_EQ(pcm.sw_params(stopping_at(kBoundary)), 0);
  EXPECT_EQ(pcm.sink().reported.rbegin()->first, 36u);
}

TEST(SubstreamSwParams, LowerStopThresholdEndsARunningStreamAtOnce) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(21);
  EXPECT_EQ(pcm.sw_params(stopping_at(21)), -EPIPE);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.sink().played, counted(1, 21));
  ASSERT_EQ(pcm.prepare(), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(21);
  EXPECT_EQ(pcm.avail(), -EPIPE) << "the new threshold holds";
}

TEST(SubstreamSwParams, StopThresholdJustAboveAvailLetsTheStreamRun) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(21);
  EXPECT_EQ(pcm.sw_params(stopping_at(22)), 0);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
}

TEST(SubstreamSwParams, AvailMinHoldsAtOnceAndForTheNextWakeUp) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(10);
  EXPECT_TRUE(pcm.ready());
  SwParams sw = pcm.sw();
  sw.avail_min = 13;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  EXPECT_FALSE(pcm.ready());
  pcm.run(2);
  EXPECT_FALSE(pcm.ready());
  pcm.run(1);
  EXPECT_TRUE(pcm.ready()) << "no tick is there: an alarm";
  sw.avail_min = 5;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  EXPECT_TRUE(pcm.ready());
}

TEST(SubstreamSwParams, AvailMinThatMovesNearerBeforeItsAlarmIsNotMissed) {
  IoplugPcm pcm({});
  SwParams sw = pcm.sw();
  sw.avail_min = 30;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(9);
  sw.avail_min = 11;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  pcm.run(1);
  EXPECT_FALSE(pcm.ready());
  pcm.run(1);
  EXPECT_TRUE(pcm.ready());
}

TEST(SubstreamSwParams, SilenceThatCannotBeIsRefusedAndNothingChanges) {
  IoplugPcm pcm({});
  SwParams sw = stopping_at(kBoundary);
  sw.avail_min = 32;
  sw.silence_threshold = 8;
  sw.silence_size = 9;
  EXPECT_EQ(pcm.sw_params(sw), -EINVAL) << "longer than what calls for it";
  sw.silence_threshold = sw.silence_size = 33;
  EXPECT_EQ(pcm.sw_params(sw), -EINVAL) << "longer than the buffer";
  sw.silence_threshold = 1;
  sw.silence_size = kBoundary;
  EXPECT_EQ(pcm.sw_params(sw), -EINVAL) << "endless has no threshold";
  EXPECT_TRUE(pcm.ready()) << "avail_min is the old one";
  ASSERT_EQ(pcm.write(kBuffer), 32);
  pcm.run(32);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN) << "so is stop_threshold";
}

/// The positions pass the boundary five times, with writes of all sizes across it.
TEST(SubstreamSwParams, PositionsWrapAtTheBoundaryAndNothingElseShows) {
  IoplugPcm pcm({.boundary = 128});
  size_t written = 0;
  for (size_t size = 1; written < 640; size = size % 31 + 1) {
    while (pcm.avail() < static_cast<snd_pcm_sframes_t>(size)) pcm.run(1);
    ASSERT_EQ(pcm.write(size), static_cast<snd_pcm_sframes_t>(size)) << "after " << written;
    written += size;
    ASSERT_EQ(pcm.appl_ptr(), written % 128);
    ASSERT_EQ(pcm.hw_ptr(), pcm.true_hw() % 128);
    ASSERT_EQ(pcm.delay(), static_cast<snd_pcm_sframes_t>(written - pcm.true_hw()));
  }
  EXPECT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.true_hw(), written);
  EXPECT_EQ(pcm.sink().played, counted(1, written));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
  EXPECT_EQ(pcm.sink().free_run_frames, 0u) << "nothing comes out that was not written";
}

}  // namespace
}  // namespace dmasim
