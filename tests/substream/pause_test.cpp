// SPDX-License-Identifier: LGPL-2.1-or-later
/// Pause and resume, to the frame and on the edges of the common frame clock.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

void pass(int64_t ns) { lockstep::advance_to(lockstep::now_ns() + ns); }

TEST(SubstreamPause, StandsStillAtItsFrame) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(10);
  ASSERT_EQ(pcm.pause(true), 0);
  pcm.run(100);
  EXPECT_EQ(pcm.avail(), 10);
  EXPECT_EQ(pcm.delay(), 22);
  EXPECT_EQ(pcm.sink().played, counted(1, 10));
  ASSERT_EQ(pcm.pause(false), 0);
  pcm.run(5);
  EXPECT_EQ(pcm.avail(), 15);
  pcm.run(17);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN) << "32 frames have been played";
  EXPECT_EQ(pcm.sink().played, counted(1, 32));
}

/// The hook reads the clock twice, and a frame passes in between.
TEST(SubstreamPause, PositionIsThatOfThePauseItself) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(10);
  lockstep::each_look_takes(kFrameNs);
  EXPECT_EQ(pcm.substream().pause(true).error(), 0);
  lockstep::each_look_takes(0);
  pcm.overwrite_state(SND_PCM_STATE_PAUSED);
  ASSERT_EQ(pcm.sink().played, counted(1, 11));
  EXPECT_EQ(pcm.substream().pointer(), 11u);
  EXPECT_EQ(pcm.delay(), 21);
}

/// The resume waits for an edge of the frame clock. Until then the time since the start is shorter
/// than the frames that have passed.
TEST(SubstreamPause, PositionDoesNotGoBackAtTheResume) {
  for (const auto stream : {SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE}) {
    IoplugPcm pcm({.stream = stream});
    if (stream == SND_PCM_STREAM_PLAYBACK) pcm.write(32);
    if (stream == SND_PCM_STREAM_CAPTURE) {
      ASSERT_EQ(pcm.start(), 0);
    }
    pass(10 * kFrameNs + kFrameNs / 4);
    if (stream == SND_PCM_STREAM_CAPTURE) {
      ASSERT_EQ(pcm.read(10), 10);
    }
    ASSERT_EQ(pcm.pause(true), 0);
    const snd_pcm_sframes_t avail = pcm.avail_of_now();
    pass(20 * kFrameNs + kFrameNs / 2);
    ASSERT_EQ(pcm.pause(false), 0);
    EXPECT_EQ(pcm.avail_of_now(), avail);
    EXPECT_EQ(pcm.delay(), stream == SND_PCM_STREAM_PLAYBACK ? 22 : 0);
  }
}

TEST(SubstreamPause, WritesFillTheRingMeanwhile) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(10);
  ASSERT_EQ(pcm.pause(true), 0);
  EXPECT_TRUE(pcm.ready());
  EXPECT_EQ(pcm.write(10), 10);
  EXPECT_FALSE(pcm.ready());
  pcm.run(50);
  EXPECT_FALSE(pcm.ready());
  ASSERT_EQ(pcm.pause(false), 0);
  pcm.run(7);
  EXPECT_FALSE(pcm.ready());
  pcm.run(1);
  EXPECT_TRUE(pcm.ready()) << "18 frames have been played, which is no tick";
}

TEST(SubstreamPause, AfterAnXrunIsRefused) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(27), 27);
  pcm.run(27);
  EXPECT_EQ(pcm.pause(true), -EBADFD);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
}

TEST(SubstreamPause, OneFrameBeforeTheXrunIsInTime) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(27), 27);
  pcm.run(26);
  EXPECT_EQ(pcm.pause(true), 0);
  pcm.run(500);
  EXPECT_EQ(pcm.avail(), 31);
  EXPECT_EQ(pcm.write(20), 20);
  ASSERT_EQ(pcm.pause(false), 0);
  pcm.run(20);
  EXPECT_EQ(pcm.avail(), 31);
  EXPECT_EQ(pcm.played_by_now(), counted(1, 46));
}

TEST(SubstreamPause, OnlyOfARunningStreamAndBackOnlyOfAPausedOne) {
  IoplugPcm pcm({});
  EXPECT_EQ(pcm.substream().pause(true).error(), EBADFD);
  EXPECT_EQ(pcm.substream().pause(false).error(), EBADFD);
  ASSERT_EQ(pcm.write(32), 32);
  EXPECT_EQ(pcm.substream().pause(false).error(), EBADFD);
  ASSERT_EQ(pcm.pause(true), 0);
  EXPECT_EQ(pcm.substream().pause(true).error(), EBADFD);
}

TEST(SubstreamPause, StartOffTheEdgeWaitsForTheEdge) {
  IoplugPcm pcm({.begin_ns = 300'000});
  ASSERT_EQ(pcm.write(32), 32);
  EXPECT_EQ(pcm.sink().origin_ns, lockstep::now_ns() + 700'000);
  pass(1'699'999);
  EXPECT_EQ(pcm.avail(), 0);
  pass(1);
  EXPECT_EQ(pcm.avail_of_now(), 1);
}

/// The pause is at 10.4 frames, the resume 10.3 frames later. With a clock of its own the stream
/// would play frame 11 after 0.6 frames.
TEST(SubstreamPause, ResumeOffTheEdgeGoesOnAtTheEdge) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  const int64_t begun_ns = lockstep::now_ns();
  pass(10'400'000);
  ASSERT_EQ(pcm.pause(true), 0);
  EXPECT_EQ(pcm.avail(), 10);
  pass(10'300'000);
  ASSERT_EQ(pcm.pause(false), 0);
  EXPECT_EQ(pcm.sink().origin_ns, begun_ns + 11'000'000);
  pass(1'299'999);
  EXPECT_EQ(pcm.avail(), 10);
  pass(1);
  EXPECT_EQ(pcm.avail_of_now(), 11);
  pcm.run(21);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN) << "a whole number of frames later";
}

TEST(SubstreamPause, CaptureStandsStillToo) {
  IoplugPcm pcm({.stream = SND_PCM_STREAM_CAPTURE});
  ASSERT_EQ(pcm.start(), 0);
  pass(5'400'000);
  ASSERT_EQ(pcm.pause(true), 0);
  pass(77'700'000);
  EXPECT_EQ(pcm.source().asked, 5u);
  EXPECT_EQ(pcm.avail(), 5);
  ASSERT_EQ(pcm.pause(false), 0);
  EXPECT_EQ(pcm.source().origin_ns % kFrameNs, 0);
  pcm.run(20);
  EXPECT_EQ(pcm.read(20), 20);
  EXPECT_EQ(pcm.captured, counted(1, 20));
}

TEST(SubstreamPause, ManyOfThemLoseNoFrame) {
  IoplugPcm pcm({.period_size = 7, .buffer_size = 30, .boundary = 30 << 8});
  ASSERT_EQ(pcm.write(30), 30);
  for (int i = 0; i < 40; ++i) {
    pass(3'100'000 + 10'000 * i);
    ASSERT_EQ(pcm.pause(true), 0);
    const auto room = pcm.avail();
    ASSERT_EQ(room, static_cast<snd_pcm_sframes_t>(pcm.true_hw() + 30 - pcm.appl_ptr()));
    ASSERT_EQ(pcm.write(static_cast<snd_pcm_uframes_t>(room)), room);
    pass(12'345'678);
    ASSERT_EQ(pcm.pause(false), 0);
  }
  EXPECT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, static_cast<size_t>(pcm.next_sample) - 1));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

TEST(SubstreamPause, DropAndPrepareLeaveIt) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(10);
  ASSERT_EQ(pcm.pause(true), 0);
  pcm.run(10);
  ASSERT_EQ(pcm.drop(), 0);
  ASSERT_EQ(pcm.prepare(), 0);
  EXPECT_EQ(pcm.avail(), 32);
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(12);
  EXPECT_EQ(pcm.avail(), 12);
  EXPECT_EQ(pcm.played_by_now(), counted(1, 10) + counted(33, 12));
}

TEST(SubstreamPause, FreeRunIsReportedAheadAcrossIt) {
  IoplugPcm pcm({});
  SwParams sw = pcm.sw();
  sw.stop_threshold = 32 << 10;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(40);
  ASSERT_EQ(pcm.pause(true), 0);
  EXPECT_TRUE(pcm.sink().reported.contains(71));
  pcm.run(40);
  ASSERT_EQ(pcm.pause(false), 0);
  pcm.run(10);
  EXPECT_EQ(pcm.avail(), 50);
  EXPECT_TRUE(pcm.sink().reported.contains(81));
}

}  // namespace
}  // namespace dmasim
