// SPDX-License-Identifier: LGPL-2.1-or-later
/// A drain ends at exactly the last frame, whether or not a thread waits for it.
#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <csignal>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

/// How long a call takes, in frames.
template <typename Call>
double frames_in(Call call) {
  const int64_t begun_ns = lockstep::now_ns();
  call();
  return static_cast<double>(lockstep::now_ns() - begun_ns) / kFrameNs;
}

SwParams starting_at(snd_pcm_uframes_t start_threshold) {
  return {.avail_min = 8, .start_threshold = start_threshold, .stop_threshold = 32};
}

class SubstreamDrainOf : public ::testing::TestWithParam<snd_pcm_uframes_t> {};

TEST_P(SubstreamDrainOf, RunningStreamEndsWithItsLastFrame) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(GetParam()), static_cast<snd_pcm_sframes_t>(GetParam()));
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), 0); }), static_cast<double>(GetParam()));
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  EXPECT_EQ(pcm.sink().played, counted(1, GetParam()));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
  EXPECT_EQ(pcm.sink().flushes, 1);
  EXPECT_EQ(pcm.xruns(), 0u);
}

TEST_P(SubstreamDrainOf, PreparedStreamStartsAndEndsWithItsLastFrame) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(starting_at(33)), 0);
  ASSERT_EQ(pcm.write(GetParam()), static_cast<snd_pcm_sframes_t>(GetParam()));
  ASSERT_EQ(pcm.state(), SND_PCM_STATE_PREPARED);
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), 0); }), static_cast<double>(GetParam()));
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  EXPECT_EQ(pcm.sink().played, counted(1, GetParam()));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

TEST_P(SubstreamDrainOf, NonBlockingStreamEndsByItselfWithItsLastFrame) {
  IoplugPcm pcm({.nonblock = true});
  ASSERT_EQ(pcm.write(GetParam()), static_cast<snd_pcm_sframes_t>(GetParam()));
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), -EAGAIN); }), 0);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_DRAINING);
  EXPECT_FALSE(pcm.ready());
  pcm.run(GetParam() - 1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_DRAINING);
  EXPECT_EQ(pcm.substream().poll_revents(), 0);
  pcm.run(1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP) << "with no call made";
  EXPECT_TRUE(pcm.ready());
  EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT | POLLERR);
  EXPECT_EQ(pcm.sink().played, counted(1, GetParam()));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
  EXPECT_EQ(pcm.drain(), 0) << "there is nothing left to drain";
}

/// Less than a period, one period, more than one, one frame less than the buffer, the buffer.
INSTANTIATE_TEST_SUITE_P(Frames, SubstreamDrainOf,
                         ::testing::Values<snd_pcm_uframes_t>(1, 3, 8, 9, 13, 31, 32));

TEST(SubstreamDrain, EndsAtTheLastFrameOfALaterLap) {
  IoplugPcm pcm({.period_size = 7, .buffer_size = 30, .boundary = 30 << 8});
  ASSERT_EQ(pcm.write(100), 100);
  const uint64_t hw = pcm.true_hw();
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), 0); }), static_cast<double>(100 - hw));
  EXPECT_EQ(pcm.sink().played, counted(1, 100));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

TEST(SubstreamDrain, CountsFromTheMiddleOfAFrame) {
  IoplugPcm pcm({.begin_ns = 400'000});
  ASSERT_EQ(pcm.write(5), 5);
  EXPECT_DOUBLE_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), 0); }), 5.6) << "it began at an edge";
}

TEST(SubstreamDrain, OfNothingEndsAtOnceAndStartsNothing) {
  IoplugPcm pcm({});
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), 0); }), 0);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  EXPECT_EQ(pcm.substream().stats().starts, 0u);
  EXPECT_TRUE(pcm.sink().came_out.empty());
}

TEST(SubstreamDrain, WaitsForTheFifo) {
  IoplugPcm pcm({.fifo_frames = 6});
  ASSERT_EQ(pcm.write(10), 10);
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), 0); }), 16);
  EXPECT_EQ(pcm.sink().played, counted(1, 10));
  EXPECT_EQ(pcm.sink().leftovers, Samples(6, 0)) << "silence, and not committed";
}

/// With a pointer at appl_ptr alsa-lib would drop the frames that are still in the FIFO.
TEST(SubstreamDrain, PointerStopsBeforeTheEndWhileTheFifoIsFull) {
  IoplugPcm pcm({.nonblock = true, .fifo_frames = 6});
  ASSERT_EQ(pcm.write(10), 10);
  ASSERT_EQ(pcm.drain(), -EAGAIN);
  for (snd_pcm_sframes_t n = 0; n < 16; ++n) {
    ASSERT_EQ(pcm.avail(), 22 + std::min<snd_pcm_sframes_t>(n, 9)) << "after " << n;
    ASSERT_EQ(pcm.state(), SND_PCM_STATE_DRAINING);
    pcm.run(1);
  }
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  EXPECT_EQ(pcm.sink().played, counted(1, 10));
}

TEST(SubstreamDrain, AbortEndsTheWaitAndNotTheDrain) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(13), 13);
  lockstep::at(lockstep::now_ns() + 5 * kFrameNs, [&] { pcm.abort(); });
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), -EINTR); }), 5);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_DRAINING);
  pcm.run(7);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_DRAINING);
  pcm.run(1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  EXPECT_EQ(pcm.sink().played, counted(1, 13));
}

TEST(SubstreamDrain, SignalThatRestartsCallsDoesNotEndTheWait) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(13), 13);
  lockstep::at(lockstep::now_ns() + 5 * kFrameNs, [&] { pcm.interrupt(); });
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), 0); }), 13);
}

TEST(SubstreamDrain, SignalThatInterruptsCallsEndsTheWait) {
  struct sigaction handled {};
  handled.sa_handler = [](int) {};
  struct sigaction before {};
  ASSERT_EQ(sigaction(SIGUSR1, &handled, &before), 0);
  {
    IoplugPcm pcm({});
    ASSERT_EQ(pcm.write(13), 13);
    lockstep::at(lockstep::now_ns() + 5 * kFrameNs, [&] { pcm.interrupt(); });
    EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), -EINTR); }), 5);
  }
  ASSERT_EQ(sigaction(SIGUSR1, &before, nullptr), 0);
}

TEST(SubstreamDrain, DropOfAnotherThreadEndsIt) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(13), 13);
  lockstep::at(lockstep::now_ns() + 5 * kFrameNs, [&] { pcm.substream().stop(); });
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), 0); }), 5);
  EXPECT_EQ(pcm.sink().played, counted(1, 5));
}

TEST(SubstreamDrain, WhatIsWrittenMeanwhileIsPlayedToo) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(13), 13);
  lockstep::at(lockstep::now_ns() + 5 * kFrameNs, [&] { pcm.forward(4); });
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), 0); }), 17);
  EXPECT_EQ(pcm.sink().played.size(), 17u);
}

TEST(SubstreamDrain, AfterAnXrunNothingIsWaitedFor) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(9), 9);
  pcm.run(9);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING) << "no tick has reported it";
  EXPECT_EQ(frames_in([&] { pcm.drain(); }), 0);
  EXPECT_EQ(pcm.xruns(), 1u);
  EXPECT_EQ(pcm.sink().played, counted(1, 9));
}

TEST(SubstreamDrain, LostFramesAreReportedAtTheEnd) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(13), 13);
  pcm.sink().flush_error = EIO;
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), -EIO); }), 13);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
}

TEST(SubstreamDrain, ThatCannotStartLeavesTheStreamPrepared) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(starting_at(33)), 0);
  ASSERT_EQ(pcm.write(13), 13);
  pcm.sink().configure_error = EBUSY;
  EXPECT_EQ(pcm.drain(), -EBUSY);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_PREPARED);
  EXPECT_EQ(pcm.avail(), 19);
  pcm.sink().configure_error = 0;
  EXPECT_EQ(frames_in([&] { EXPECT_EQ(pcm.drain(), 0); }), 13);
  EXPECT_EQ(pcm.sink().played, counted(1, 13));
}

/// If the interrupt is late, the hardware goes on through the ring, where it finds silence.
TEST(SubstreamDrain, ALateEndPlaysSilence) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(20);
  ASSERT_EQ(pcm.write(5), 5);
  pcm.set_nonblock(1);
  ASSERT_EQ(pcm.drain(), -EAGAIN);
  pcm.run_late(30);
  lockstep::settle();
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  EXPECT_EQ(pcm.sink().played, counted(1, 37));
  EXPECT_EQ(pcm.sink().leftovers, Samples(pcm.sink().leftovers.size(), 0));
  EXPECT_FALSE(pcm.sink().leftovers.empty());
}

TEST(SubstreamDrain, PrepareWhileItPlaysIsRefusedAndItGoesOn) {
  IoplugPcm pcm({.nonblock = true});
  ASSERT_EQ(pcm.write(13), 13);
  pcm.run(4);
  ASSERT_EQ(pcm.drain(), -EAGAIN);
  EXPECT_EQ(pcm.prepare(), -EBUSY);
  EXPECT_EQ(pcm.appl_ptr(), 13u);
  pcm.run(9);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  EXPECT_EQ(pcm.sink().played, counted(1, 13));
}

}  // namespace
}  // namespace dmasim
