// SPDX-License-Identifier: LGPL-2.1-or-later
/// Capture, frame by frame: which frames the source gave, and which of them the program got.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

constexpr snd_pcm_stream_t kCapture = SND_PCM_STREAM_CAPTURE;

TEST(SubstreamCapture, FillsAFrameWithEachFrameOfTime) {
  IoplugPcm pcm({.stream = kCapture});
  ASSERT_EQ(pcm.start(), 0);
  for (snd_pcm_sframes_t n = 0; n < 32; ++n) {
    EXPECT_EQ(pcm.avail(), n);
    EXPECT_EQ(pcm.delay(), n);
    EXPECT_EQ(pcm.asked_by_now(), static_cast<uint64_t>(n));
    pcm.run(1);
  }
}

TEST(SubstreamCapture, ReadStartsTheStreamAndWaitsUntilThePeriodIsThere) {
  IoplugPcm pcm({.stream = kCapture});
  const int64_t begun_ns = lockstep::now_ns();
  EXPECT_EQ(pcm.read(8), 8);
  EXPECT_EQ(lockstep::now_ns() - begun_ns, 8 * kFrameNs);
  EXPECT_EQ(pcm.read(12), 12);
  EXPECT_EQ(lockstep::now_ns() - begun_ns, 24 * kFrameNs) << "in pieces of avail_min";
  EXPECT_EQ(pcm.captured, counted(1, 20));
}

TEST(SubstreamCapture, ReadAcrossTheWrapKeepsTheOrder) {
  IoplugPcm pcm({.stream = kCapture, .period_size = 7, .buffer_size = 30, .boundary = 30 << 8});
  ASSERT_EQ(pcm.start(), 0);
  for (int turn = 0; turn < 40; ++turn) {
    pcm.run(11);
    ASSERT_EQ(pcm.read(11), 11);
  }
  EXPECT_EQ(pcm.captured, counted(1, 440));
  EXPECT_EQ(pcm.source().asked, 440u);
}

TEST(SubstreamCapture, XrunIsAtExactlyTheBufferAndTakesNoFrameMore) {
  IoplugPcm pcm({.stream = kCapture});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(31);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.avail(), 31);
  pcm.run(1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.source().asked, 32u);
  pcm.run(100);
  EXPECT_EQ(pcm.source().asked, 32u) << "the hardware has stopped";
  EXPECT_EQ(pcm.source().stops, 1);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.hw_ptr(), 32u);
  EXPECT_EQ(pcm.delay(), -EPIPE);
  EXPECT_EQ(pcm.read(8), -EPIPE);
  EXPECT_EQ(pcm.xruns(), 1u);
  EXPECT_EQ(pcm.substream().stats().xrun_frames, std::vector<uint64_t>{32});
}

TEST(SubstreamCapture, AfterAnXrunTheSourceGoesOnWhereItWas) {
  IoplugPcm pcm({.stream = kCapture});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(10);
  ASSERT_EQ(pcm.read(10), 10);
  pcm.run(32);
  ASSERT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.source().asked, 42u);
  ASSERT_EQ(pcm.prepare(), 0);
  EXPECT_EQ(pcm.avail(), 0);
  EXPECT_EQ(pcm.hw_ptr(), 0u);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(5);
  EXPECT_EQ(pcm.read(5), 5);
  EXPECT_EQ(pcm.captured, counted(1, 10) + counted(43, 5))
      << "the 32 of the xrun are gone, no others";
  EXPECT_EQ(pcm.source().asked, 47u);
}

/// The machine was late by more than the ring's time. The source has gone on in the meantime.
TEST(SubstreamCapture, LateXrunSkipsWhatTheRingCannotHold) {
  IoplugPcm pcm({.stream = kCapture});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run_late(50);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.source().asked, 50u);
  EXPECT_EQ(pcm.source().skipped, 18u);
  ASSERT_EQ(pcm.prepare(), 0);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(3);
  EXPECT_EQ(pcm.read(3), 3);
  EXPECT_EQ(pcm.captured, counted(51, 3));
}

TEST(SubstreamCapture, FreeRunKeepsTheNewestLap) {
  IoplugPcm pcm({.stream = kCapture});
  SwParams sw = pcm.sw();
  sw.stop_threshold = 32 << 10;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(75);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.avail(), 75);
  EXPECT_EQ(pcm.forward(43), 43);
  EXPECT_EQ(pcm.read(32), 32);
  EXPECT_EQ(pcm.captured, counted(44, 32));
}

TEST(SubstreamCapture, FifoDelaysTheFirstFrameAndIsPartOfTheDelay) {
  IoplugPcm pcm({.stream = kCapture, .fifo_frames = 4});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(4);
  EXPECT_EQ(pcm.avail(), 0);
  EXPECT_EQ(pcm.delay(), 0) << "nothing has passed the FIFO yet";
  pcm.run(1);
  EXPECT_EQ(pcm.avail(), 1);
  EXPECT_EQ(pcm.delay(), 5);
  pcm.run(6);
  EXPECT_EQ(pcm.read(7), 7);
  EXPECT_EQ(pcm.delay(), 4);
  EXPECT_EQ(pcm.captured, counted(1, 7));
}

/// The silence parameters of sw_params are for playback only.
TEST(SubstreamCapture, IsNotSilenced) {
  IoplugPcm pcm({.stream = kCapture});
  SwParams sw = pcm.sw();
  sw.silence_threshold = sw.silence_size = 32;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  EXPECT_EQ(pcm.read(20), 20);
  sw.silence_threshold = 0;
  sw.silence_size = 32 << 10;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  EXPECT_EQ(pcm.read(40), 40);
  EXPECT_EQ(pcm.captured, counted(1, 60));
}

TEST(SubstreamCapture, DropDiscardsWhatWasNotRead) {
  IoplugPcm pcm({.stream = kCapture});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(9);
  ASSERT_EQ(pcm.drop(), 0);
  EXPECT_EQ(pcm.source().asked, 9u) << "up to the moment of the drop";
  EXPECT_EQ(pcm.read(1), -EBADFD);
  pcm.run(20);
  EXPECT_EQ(pcm.source().asked, 9u);
  EXPECT_TRUE(pcm.ready());
}

TEST(SubstreamCapture, DrainThatMayWaitEndsAtOnce) {
  IoplugPcm pcm({.stream = kCapture});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(9);
  const int64_t asked_ns = lockstep::now_ns();
  EXPECT_EQ(pcm.drain(), 0);
  EXPECT_EQ(lockstep::now_ns(), asked_ns);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
}

TEST(SubstreamCapture, DrainThatMayNotWaitLeavesWhatIsThereToBeRead) {
  IoplugPcm pcm({.stream = kCapture, .nonblock = true});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(9);
  EXPECT_EQ(pcm.drain(), -EAGAIN);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_DRAINING);
  EXPECT_TRUE(pcm.ready());
  pcm.run(20);
  EXPECT_EQ(pcm.source().asked, 9u) << "the hardware has stopped";
  EXPECT_EQ(pcm.delay(), -EBADFD);
  EXPECT_EQ(pcm.read(9), 9);
  EXPECT_EQ(pcm.captured, counted(1, 9));
}

TEST(SubstreamCapture, DrainOfNothingIsOverThoughItMayNotWait) {
  IoplugPcm pcm({.stream = kCapture, .nonblock = true});
  ASSERT_EQ(pcm.start(), 0);
  EXPECT_EQ(pcm.drain(), -EAGAIN);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
}

/// The hardware has made a lap of the ring after alsa-lib's check and before the hook.
TEST(SubstreamCapture, TransferThatFindsAnXrunTakesNothing) {
  IoplugPcm pcm({.stream = kCapture});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(10);
  pcm.run_late(23);
  Samples samples(5);
  const snd_pcm_channel_area_t area{.addr = samples.data(), .first = 0, .step = 16};
  EXPECT_EQ(pcm.substream().transfer(&area, 0, 5).error(), EPIPE);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.appl_ptr(), 0u);
  pcm.overwrite_state(SND_PCM_STATE_RUNNING);
  pcm.pass(5000);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING) << "no alarm is left";
}

TEST(SubstreamCapture, BrokenSourceEndsTheStreamAtTheNextTick) {
  IoplugPcm pcm({.stream = kCapture});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(3);
  pcm.source().is_broken = true;
  pcm.run(4);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  pcm.run(1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
}

}  // namespace
}  // namespace dmasim
