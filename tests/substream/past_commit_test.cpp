// SPDX-License-Identifier: LGPL-2.1-or-later
/// The DMA went past the commit limit, and the client has written since. The present positions
/// do not show this.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

/// With a stop_threshold above the buffer size of 32 a client may be late.
SwParams allowing(snd_pcm_uframes_t stop_threshold) {
  return {.avail_min = 8, .start_threshold = 1000, .stop_threshold = stop_threshold};
}

class SubstreamPastCommit : public ::testing::Test {
 protected:
  /// Writes 32 frames, starts, and lets `frames` frames pass.
  void play(IoplugPcm& pcm, snd_pcm_uframes_t stop_threshold, snd_pcm_uframes_t frames) {
    ASSERT_EQ(pcm.sw_params(allowing(stop_threshold)), 0);
    ASSERT_EQ(pcm.write(32), 32);
    ASSERT_EQ(pcm.start(), 0);
    pcm.pass(frames);
  }
};

TEST_F(SubstreamPastCommit, WithinTheStopThresholdMayGoOn) {
  IoplugPcm pcm({});
  play(pcm, 40, 35);
  EXPECT_EQ(pcm.avail(), 35);
  EXPECT_EQ(pcm.write(13), 13);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.avail(), 22);
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().leftovers, counted(1, 3)) << "what the hardware took before it was written";
  EXPECT_EQ(pcm.sink().played, counted(1, 32) + counted(36, 10)) << "the three came too late";
}

/// The tick at 40 moves the hardware, which is 8 frames ahead then. The callback is slow: the
/// client moves its position before the callback reads it.
TEST_F(SubstreamPastCommit, AsFarAsTheStopThresholdIsAnXrunThoughTheClientCaughtUp) {
  IoplugPcm pcm({.slow_callback_ns = 3 * kFrameNs});
  play(pcm, 40, 41);
  ASSERT_EQ(pcm.state(), SND_PCM_STATE_RUNNING) << "the callback has not looked yet";
  ASSERT_EQ(pcm.forward(20), 20);
  pcm.pass(2);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.xruns(), 1u);
}

TEST_F(SubstreamPastCommit, OneFrameLessIsNone) {
  IoplugPcm pcm({.slow_callback_ns = 3 * kFrameNs});
  play(pcm, 41, 41);
  ASSERT_EQ(pcm.forward(20), 20);
  pcm.pass(5);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.avail(), 46 - 20);
}

TEST_F(SubstreamPastCommit, NewSwParamsSetTheBaseline) {
  IoplugPcm pcm({});
  play(pcm, 40, 35);
  EXPECT_EQ(pcm.avail(), 35);
  EXPECT_EQ(pcm.write(30), 30);
  ASSERT_EQ(pcm.sw_params(allowing(32)), 0) << "it was allowed then";
  pcm.pass(5);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.avail(), 10);
}

TEST_F(SubstreamPastCommit, FurtherThanTheBaselineIsAnXrun) {
  IoplugPcm pcm({.slow_callback_ns = 3 * kFrameNs});
  play(pcm, 60, 34);
  EXPECT_EQ(pcm.avail(), 34);
  ASSERT_EQ(pcm.forward(3), 3);               // 2 frames are past the commit
  ASSERT_EQ(pcm.sw_params(allowing(35)), 0);  // and are the baseline
  EXPECT_EQ(pcm.avail(), 31);
  pcm.pass(7);  // at 40 it is 5 ahead of 35
  ASSERT_EQ(pcm.state(), SND_PCM_STATE_RUNNING) << "the callback has not looked yet";
  ASSERT_EQ(pcm.forward(20), 20);
  pcm.pass(2);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
}

TEST_F(SubstreamPastCommit, TheBaselineIsZeroAtTheNextStart) {
  IoplugPcm pcm({.slow_callback_ns = 3 * kFrameNs});
  play(pcm, 60, 44);
  EXPECT_EQ(pcm.avail(), 44);
  ASSERT_EQ(pcm.forward(20), 20);
  ASSERT_EQ(pcm.sw_params(allowing(40)), 0);  // 12 frames are the baseline
  ASSERT_EQ(pcm.drop(), 0);
  ASSERT_EQ(pcm.prepare(), 0);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.start(), 0);
  pcm.pass(41);
  ASSERT_EQ(pcm.forward(20), 20);
  pcm.pass(2);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN) << "8 frames, after another start";
}

TEST_F(SubstreamPastCommit, TheCountIsZeroAtTheNextStart) {
  IoplugPcm pcm({});
  play(pcm, 40, 39);
  EXPECT_EQ(pcm.avail(), 39);
  ASSERT_EQ(pcm.drop(), 0);
  ASSERT_EQ(pcm.prepare(), 0);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.sw_params(allowing(32)), 0);
  ASSERT_EQ(pcm.start(), 0);
  pcm.pass(5);
  EXPECT_EQ(pcm.avail(), 5);
}

/// No thread has run since the client moved its position. The position at the moment of the look
/// counts.
TEST_F(SubstreamPastCommit, FramesCountFromWhenThePositionMoves) {
  IoplugPcm pcm({});
  play(pcm, 32, 30);
  EXPECT_EQ(pcm.avail(), 30);
  ASSERT_EQ(pcm.forward(20), 20);
  pcm.run_late(15);
  lockstep::settle();
  EXPECT_EQ(pcm.avail(), 25);
  EXPECT_EQ(pcm.sink().played.size(), 45u) << "committed before the hardware was there";
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

}  // namespace
}  // namespace dmasim
