// SPDX-License-Identifier: LGPL-2.1-or-later
/// Underruns: at which frame they come, how they are shown, and what comes after.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

TEST(SubstreamXrun, IsAtTheFrameAfterTheLastOne) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(31);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  pcm.run(1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN) << "shown with no call made";
  EXPECT_TRUE(pcm.ready());
  EXPECT_EQ(pcm.sink().played, counted(1, 32));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.hw_ptr(), 32u);
  EXPECT_EQ(pcm.delay(), -EPIPE);
  EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT | POLLERR);
}

TEST(SubstreamXrun, BetweenTicksIsFoundByTheCallAtItsFrame) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(27), 27);
  pcm.run(26);
  EXPECT_EQ(pcm.avail(), 31);
  pcm.run(1);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.hw_ptr(), 27u);
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

/// As in the kernel, nothing reads the position before the interrupt. The program was ready before,
/// so it is not woken.
TEST(SubstreamXrun, BetweenTicksIsFoundByTheNextTick) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(27), 27);
  pcm.run(31);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  pcm.run(1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.hw_ptr(), 32u);
  EXPECT_EQ(pcm.sink().played, counted(1, 27));
  EXPECT_EQ(pcm.substream().stats().xrun_frames, std::vector<uint64_t>{27});
}

TEST(SubstreamXrun, DoesNotComeWhenOneFrameIsWrittenInTime) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  for (int i = 0; i < 100; ++i) {
    pcm.run(i == 0 ? 31 : 1);
    ASSERT_EQ(pcm.write(1), 1) << i;
  }
  EXPECT_EQ(pcm.played_by_now(), counted(1, 130));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

TEST(SubstreamXrun, RefusesEachCallUntilPrepare) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(32);
  EXPECT_EQ(pcm.write(8), -EPIPE);
  EXPECT_EQ(pcm.appl_ptr(), 32u) << "nothing was taken";
  EXPECT_EQ(pcm.substream().start().error(), EBADFD);
  EXPECT_EQ(pcm.substream().pause(true).error(), EBADFD);
  EXPECT_EQ(pcm.substream().hw_params({}).error(), EBADFD);
  EXPECT_EQ(pcm.substream().hw_free().error(), EBADFD);
  const int16_t sample = 1;
  const snd_pcm_channel_area_t area{.addr = const_cast<int16_t*>(&sample), .first = 0, .step = 16};
  EXPECT_EQ(pcm.substream().transfer(&area, 0, 1).error(), EPIPE);
  EXPECT_EQ(pcm.wait(), -EPIPE);
}

TEST(SubstreamXrun, PrepareBeginsAnewAtZero) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(32);
  ASSERT_EQ(pcm.prepare(), 0);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_PREPARED);
  EXPECT_EQ(pcm.avail(), 32);
  EXPECT_EQ(pcm.hw_ptr(), 0u);
  EXPECT_EQ(pcm.delay(), 0);
  ASSERT_EQ(pcm.write(30), 30);
  pcm.run(32);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.sink().played, counted(1, 62));
  EXPECT_EQ(pcm.xruns(), 2u);
  EXPECT_EQ(pcm.substream().stats().xrun_frames, (std::vector<uint64_t>{32, 62}));
}

/// alsa-lib stores RUNNING after start has returned, even if the xrun came before.
TEST(SubstreamXrun, IsShownAgainAPeriodLaterAndThenLessAndLessOften) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(32);
  for (snd_pcm_uframes_t pause = 8; pause < 3000; pause = std::min(2 * pause, pause + 1000)) {
    ASSERT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
    pcm.overwrite_state(SND_PCM_STATE_RUNNING);
    const snd_pcm_uframes_t comes = std::min<snd_pcm_uframes_t>(pause, 1000);
    lockstep::advance_to(lockstep::now_ns() + static_cast<int64_t>(comes) * kFrameNs - 1);
    ASSERT_EQ(pcm.state(), SND_PCM_STATE_RUNNING) << "before " << comes;
    lockstep::advance_to(lockstep::now_ns() + 1);
  }
}

TEST(SubstreamXrun, IsNotShownAgainOnceACallHasSeenIt) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(32);
  EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT | POLLERR);
  pcm.overwrite_state(SND_PCM_STATE_RUNNING);
  pcm.pass(8);
  ASSERT_EQ(pcm.state(), SND_PCM_STATE_XRUN) << "poll_revents is not the last word";
  ASSERT_EQ(pcm.avail(), -EPIPE);
  pcm.overwrite_state(SND_PCM_STATE_RUNNING);
  pcm.pass(5000);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING) << "no alarm is left";
  EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT | POLLERR);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
}

TEST(SubstreamXrun, IsOnePerStart) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(200);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.xruns(), 1u);
}

TEST(SubstreamXrun, LateMachineRecordsNoFrameThatWasNotWritten) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run_late(500);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.hw_ptr(), 500u);
  EXPECT_EQ(pcm.sink().played, counted(1, 32));
}

TEST(SubstreamXrun, WriteOfALateProgramIsRefusedWhole) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run_late(33);
  EXPECT_EQ(pcm.write(8), -EPIPE);
  EXPECT_EQ(pcm.appl_ptr(), 32u);
  EXPECT_EQ(pcm.sink().played, counted(1, 32));
}

/// The hardware has passed the place after alsa-lib's check and before the hook.
TEST(SubstreamXrun, TransferThatFindsItTakesNothing) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run_late(34);
  int16_t sample = 1000;
  const snd_pcm_channel_area_t area{.addr = &sample, .first = 0, .step = 16};
  EXPECT_EQ(pcm.substream().transfer(&area, 0, 1).error(), EPIPE);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.appl_ptr(), 32u);
  pcm.overwrite_state(SND_PCM_STATE_RUNNING);
  pcm.pass(5000);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING) << "no alarm is left";
}

/// A sink in another process may play frames as soon as it gets them.
TEST(SubstreamXrun, TransferThatIsRefusedGivesTheSinkNoFrame) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run_late(34);
  Samples samples = counted(1000, 8);
  const snd_pcm_channel_area_t area{.addr = samples.data(), .first = 0, .step = 16};
  EXPECT_EQ(pcm.substream().transfer(&area, 0, 8).error(), EPIPE);
  EXPECT_EQ(pcm.sink().committed_furthest, 32U);
}

/// The same with a piece whose end is ahead of the hardware: no frame of it is recorded.
TEST(SubstreamXrun, TransferThatIsLateTakesNothingOfAPieceThatReachesBeyond) {
  for (const snd_pcm_uframes_t late : {0U, 1U, 4U, 30U}) {
    IoplugPcm pcm({});
    ASSERT_EQ(pcm.write(32), 32);
    pcm.run(8);
    pcm.run_late(24 + late);
    Samples samples = counted(1000, 8);
    const snd_pcm_channel_area_t area{.addr = samples.data(), .first = 0, .step = 16};
    EXPECT_EQ(pcm.substream().transfer(&area, 0, 8).error(), EPIPE) << late;
    EXPECT_EQ(pcm.appl_ptr(), 32u);
    EXPECT_EQ(pcm.sink().played, counted(1, 32)) << late;
    EXPECT_EQ(pcm.substream().stats().xrun_frames, std::vector<uint64_t>{32});
  }
}

/// The same with a stop_threshold below the buffer size, so that frames are left.
TEST(SubstreamXrun, TransferThatIsLateForItsThresholdTakesNothing) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params({.avail_min = 8, .start_threshold = 1, .stop_threshold = 20}), 0);
  ASSERT_EQ(pcm.write(24), 24);
  pcm.run_late(12);
  Samples samples = counted(1000, 8);
  const snd_pcm_channel_area_t area{.addr = samples.data(), .first = 0, .step = 16};
  EXPECT_EQ(pcm.substream().transfer(&area, 0, 8).error(), EPIPE);
  EXPECT_EQ(pcm.sink().played, counted(1, 12));
}

TEST(SubstreamXrun, FifoComesOutBeforeTheCountOfFrames) {
  IoplugPcm pcm({.fifo_frames = 6});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(31);
  EXPECT_EQ(pcm.avail(), 31);
  EXPECT_EQ(pcm.delay(), 7) << "one in the ring, six on their way";
  EXPECT_EQ(pcm.played_by_now(), counted(1, 25));
  pcm.run(1);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.sink().played, counted(1, 32));
  EXPECT_EQ(pcm.substream().stats().xrun_frames, std::vector<uint64_t>{32});
}

/// The callback is slow. The hardware has moved beyond the written frames, but the callback has not
/// checked the position yet. A commit of more frames then comes too late and finds the xrun.
TEST(SubstreamXrun, FoundByACommitLosesNothingInTheFifo) {
  for (const uint32_t fifo_frames : {0U, 4U, 6U, 100U}) {
    IoplugPcm pcm({.mmap = true, .fifo_frames = fifo_frames, .slow_callback_ns = 20 * kFrameNs});
    ASSERT_EQ(pcm.sw_params({.avail_min = 8, .start_threshold = 100, .stop_threshold = 32}), 0);
    std::ranges::copy(counted(1, 32), pcm.mapped.begin());
    ASSERT_EQ(pcm.mmap_commit(5), 5);
    ASSERT_EQ(pcm.start(), 0);
    pcm.pass(10);
    ASSERT_EQ(pcm.state(), SND_PCM_STATE_RUNNING) << "the callback has not looked yet";
    pcm.mmap_commit(20);
    EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
    EXPECT_EQ(pcm.sink().played, counted(1, 5)) << fifo_frames;
    EXPECT_EQ(pcm.sink().leftovers.size(), 5u) << fifo_frames;
    EXPECT_EQ(pcm.substream().stats().xrun_frames, std::vector<uint64_t>{5});
  }
}

/// With a stop_threshold below the buffer size, the frames that the hardware has taken come out.
/// The others do not.
TEST(SubstreamXrun, WithFramesLeftPlaysWhatIsInTheFifo) {
  IoplugPcm pcm({.fifo_frames = 6});
  ASSERT_EQ(pcm.sw_params({.avail_min = 8, .start_threshold = 1, .stop_threshold = 20}), 0);
  ASSERT_EQ(pcm.write(32), 32);
  pcm.pass(20);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.sink().played, counted(1, 20));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

}  // namespace
}  // namespace dmasim
