// SPDX-License-Identifier: LGPL-2.1-or-later
/// A freerun stream: no time passes, and only hooks move the hardware.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>
#include <vector>

#include "plugin/pcm/freerun_pacer.h"
#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

constexpr PcmSetup kPlayback{.freerun = true};
constexpr PcmSetup kCapture{.stream = SND_PCM_STREAM_CAPTURE, .freerun = true};

SwParams waiting_for(snd_pcm_uframes_t avail_min) {
  return {.avail_min = avail_min, .start_threshold = 1, .stop_threshold = 32};
}

/// Asks for the position until the program seems to wait for something else.
void ask_patiently(IoplugPcm& pcm) {
  for (unsigned i = 0; i < FreerunPacer::kPatientQuestions; ++i) {
    static_cast<void>(pcm.substream().poll_revents());
  }
}

uint64_t hw(IoplugPcm& pcm) { return pcm.substream().stats().hw_ptr; }

TEST(SubstreamFreerun, PlaysAnyNumberOfFramesInNoTime) {
  const int64_t begun_ns = lockstep::now_ns();
  IoplugPcm pcm(kPlayback);
  ASSERT_EQ(pcm.write(1001), 1001);
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  EXPECT_EQ(pcm.sink().played, counted(1, 1001));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
  EXPECT_EQ(pcm.xruns(), 0u);
  EXPECT_LT(lockstep::now_ns() - begun_ns, kFrameNs) << "the start of the test alone";
}

TEST(SubstreamFreerun, PlaysTheFramesOfTheFifoToo) {
  PcmSetup setup = kPlayback;
  setup.fifo_frames = 5;
  IoplugPcm pcm(setup);
  ASSERT_EQ(pcm.write(100), 100);
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, 100));
}

TEST(SubstreamFreerun, CapturesAnyNumberOfFramesInNoTime) {
  IoplugPcm pcm(kCapture);
  const int64_t begun_ns = lockstep::now_ns();
  ASSERT_EQ(pcm.read(1001), 1001);
  EXPECT_EQ(pcm.captured, counted(1, 1001));
  EXPECT_EQ(pcm.xruns(), 0u);
  EXPECT_EQ(lockstep::now_ns(), begun_ns);
}

TEST(SubstreamFreerun, TimeMovesNothing) {
  IoplugPcm pcm(kPlayback);
  ASSERT_EQ(pcm.write(32), 32);
  pcm.pass(1000);
  EXPECT_EQ(hw(pcm), 0u);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(lockstep::next_wake_up_ns(), kNever) << "and no thread waits for it";
}

TEST(SubstreamFreerun, AFullRingMovesByPeriodsUntilAvailMin) {
  for (const auto& [avail_min, moved] : {std::pair{1, 8}, {8, 8}, {9, 16}, {20, 24}}) {
    IoplugPcm pcm(kPlayback);
    ASSERT_EQ(pcm.sw_params(waiting_for(static_cast<snd_pcm_uframes_t>(avail_min))), 0);
    ASSERT_EQ(pcm.write(32), 32);
    EXPECT_EQ(pcm.avail(), moved) << avail_min;
    EXPECT_EQ(pcm.avail_of_now(), moved) << "it is ready, so it stands";
  }
}

TEST(SubstreamFreerun, AnEmptyCaptureMovesByPeriodsUntilAvailMin) {
  for (const auto& [avail_min, moved] : {std::pair{1, 8}, {8, 8}, {9, 16}, {20, 24}}) {
    IoplugPcm pcm(kCapture);
    ASSERT_EQ(pcm.sw_params(waiting_for(static_cast<snd_pcm_uframes_t>(avail_min))), 0);
    ASSERT_EQ(pcm.start(), 0);
    EXPECT_EQ(pcm.avail(), moved) << avail_min;
    EXPECT_EQ(pcm.avail_of_now(), moved);
  }
}

TEST(SubstreamFreerun, AtTheEndItMovesByLessThanAPeriod) {
  IoplugPcm pcm(kPlayback);
  ASSERT_EQ(pcm.sw_params(waiting_for(30)), 0);
  ASSERT_EQ(pcm.write(12), 12);
  EXPECT_EQ(pcm.avail(), 31) << "one frame more would be an underrun";
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
}

TEST(SubstreamFreerun, ManyQuestionsWithoutAWriteEndInAnUnderrun) {
  IoplugPcm pcm(kPlayback);
  ASSERT_EQ(pcm.write(12), 12);
  ask_patiently(pcm);
  EXPECT_EQ(hw(pcm), 0u);
  for (const uint64_t reached : {8u, 11u}) {
    EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT);
    EXPECT_EQ(hw(pcm), reached);
  }
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT | POLLERR);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.sink().played, counted(1, 12));
  EXPECT_EQ(pcm.write(1), -EPIPE);
}

TEST(SubstreamFreerun, AWaitForAnEmptyRingEndsInAnUnderrun) {
  IoplugPcm pcm(kPlayback);
  ASSERT_EQ(pcm.sw_params(waiting_for(32)), 0);
  ASSERT_EQ(pcm.write(12), 12);
  EXPECT_EQ(pcm.wait(), -EPIPE);
  EXPECT_EQ(pcm.sink().played, counted(1, 12));
}

TEST(SubstreamFreerun, ManyQuestionsWithoutAReadEndInAnOverrun) {
  IoplugPcm pcm(kCapture);
  ASSERT_EQ(pcm.start(), 0);
  ASSERT_EQ(pcm.avail(), 8);
  ask_patiently(pcm);
  for (int i = 0; i < 8 && pcm.state() == SND_PCM_STATE_RUNNING; ++i) {
    static_cast<void>(pcm.substream().poll_revents());
  }
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.source().asked, 32u);
}

TEST(SubstreamFreerun, AWriteMakesTheProgramPatientAgain) {
  IoplugPcm pcm(kPlayback);
  ASSERT_EQ(pcm.write(12), 12);
  for (int round = 0; round < 3; ++round) {
    ask_patiently(pcm);
    EXPECT_EQ(hw(pcm), 0u) << round;
    ASSERT_EQ(pcm.write(1), 1);
  }
}

TEST(SubstreamFreerun, AMappedCommitMakesTheProgramPatientAgain) {
  PcmSetup setup = kPlayback;
  setup.mmap = true;
  IoplugPcm pcm(setup);
  ASSERT_EQ(pcm.mmap_commit(12), 12);
  ASSERT_EQ(pcm.start(), 0);
  for (int round = 0; round < 3; ++round) {
    ask_patiently(pcm);
    EXPECT_EQ(hw(pcm), 0u) << round;
    ASSERT_EQ(pcm.mmap_commit(1), 1);
  }
}

TEST(SubstreamFreerun, WithoutAStopThresholdManyQuestionsGoOnForEver) {
  IoplugPcm pcm(kPlayback);
  SwParams sw = waiting_for(8);
  sw.stop_threshold = 32 << 10;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  ASSERT_EQ(pcm.write(12), 12);
  ask_patiently(pcm);
  for (uint64_t reached = 8; reached < 200; reached += 8) {
    static_cast<void>(pcm.substream().poll_revents());
    EXPECT_EQ(hw(pcm), reached);
  }
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.sink().played, counted(1, 12)) << "the rest was not committed";
}

TEST(SubstreamFreerun, APauseStandsStill) {
  IoplugPcm pcm(kPlayback);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.avail(), 8);
  ASSERT_EQ(pcm.pause(true), 0);
  ASSERT_EQ(pcm.write(8), 8);
  ask_patiently(pcm);
  EXPECT_EQ(pcm.avail_of_now(), 0);
  ASSERT_EQ(pcm.pause(false), 0);
  EXPECT_EQ(pcm.avail_of_now(), 8);
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, 40));
}

TEST(SubstreamFreerun, ANonBlockingDrainEndsWhenTheProgramLooks) {
  PcmSetup setup = kPlayback;
  setup.nonblock = true;
  IoplugPcm pcm(setup);
  ASSERT_EQ(pcm.write(30), 30);
  ASSERT_EQ(pcm.drain(), -EAGAIN);
  EXPECT_TRUE(pcm.ready());
  static_cast<void>(pcm.substream().poll_revents());
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  EXPECT_EQ(pcm.sink().played, counted(1, 30));
}

TEST(SubstreamFreerun, PollReturnsAtOnceUnlessTheSinkIsFull) {
  PcmSetup setup = kPlayback;
  setup.nonblock = true;
  IoplugPcm pcm(setup);
  pcm.sink().room_left = 10;
  ASSERT_EQ(pcm.write(8), 8);
  EXPECT_TRUE(pcm.ready());
  ASSERT_EQ(pcm.write(100), 32) << "until 8 frames are in the sink and 32 in the ring";
  EXPECT_EQ(hw(pcm), 10u);
  EXPECT_FALSE(pcm.ready());
  EXPECT_EQ(pcm.write(1), 1) << "two frames more are in the sink";
  EXPECT_EQ(pcm.substream().poll_revents(), 0);
  EXPECT_FALSE(pcm.ready());
  pcm.sink().make_room(100);
  ASSERT_TRUE(pcm.ready());
  EXPECT_EQ(hw(pcm), 10u) << "only a hook moves the hardware";
  EXPECT_EQ(pcm.wait(), 0);
  EXPECT_EQ(hw(pcm), 24u);
}

TEST(SubstreamFreerun, ADrainWaitsForAFullSink) {
  IoplugPcm pcm(kPlayback);
  pcm.sink().room_left = 10;
  ASSERT_EQ(pcm.write(32), 32);
  for (int i = 1; i <= 3; ++i) {
    lockstep::at(lockstep::now_ns() + i * kFrameNs, [&pcm] { pcm.sink().make_room(8); });
  }
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, 32));
}

TEST(SubstreamFreerun, ADrainOfAFifoThatIsLargerThanTheRoomEnds) {
  PcmSetup setup = kPlayback;
  setup.fifo_frames = 100;
  IoplugPcm pcm(setup);
  pcm.sink().room_left = 60;
  ASSERT_EQ(pcm.write(20), 20);
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, 20));
}

TEST(SubstreamFreerun, AStopHasRoomForWhatIsInTheFifo) {
  PcmSetup setup = kPlayback;
  setup.fifo_frames = 16;
  setup.nonblock = true;
  IoplugPcm pcm(setup);
  pcm.sink().room_left = 20;
  ASSERT_EQ(pcm.write(100), 48) << "16 in the FIFO, and 32 in the ring";
  EXPECT_EQ(hw(pcm), 20u) << "4 are in the sink, 16 in the FIFO, and the sink has room for 16";
  ASSERT_EQ(pcm.drain(), -EAGAIN);
  pcm.sink().make_room(28);
  EXPECT_EQ(pcm.wait(), -EBADFD) << "the drain has ended";
  EXPECT_EQ(pcm.sink().played, counted(1, 48));
}

TEST(SubstreamFreerun, ARewindDuringADrainThatWaitsEndsTheDrain) {
  IoplugPcm pcm(kPlayback);
  pcm.sink().room_left = 10;
  ASSERT_EQ(pcm.write(32), 32);
  lockstep::at(lockstep::now_ns() + kFrameNs, [&pcm] {
    pcm.rewind(22);
    pcm.sink().make_room(100);
  });
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, 10));
}

TEST(SubstreamFreerun, AnAvailMinThatIsNeverReachedKeepsTheFramesInTheRing) {
  for (const snd_pcm_uframes_t avail_min : {snd_pcm_uframes_t{1000}, snd_pcm_uframes_t{1} << 60}) {
    IoplugPcm pcm(kCapture);
    ASSERT_EQ(
        pcm.sw_params({.avail_min = avail_min, .start_threshold = 1, .stop_threshold = 32 << 10}),
        0);
    ASSERT_EQ(pcm.start(), 0);
    EXPECT_EQ(pcm.avail(), 32) << avail_min;
  }
}

TEST(SubstreamFreerun, ASinkThatHasRoomAfterTheStreamChangesNothing) {
  IoplugPcm pcm(kPlayback);
  pcm.sink().room_left = 10;
  ASSERT_EQ(pcm.write(40), 40);
  static_cast<void>(pcm.avail_of_now());
  ASSERT_EQ(hw(pcm), 10u);
  ASSERT_EQ(pcm.drop(), 0);
  pcm.sink().make_room(100);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  EXPECT_EQ(pcm.sink().played, counted(1, 10)) << "the drop has moved nothing";
}

/// Random calls. Answers what the program has seen.
std::vector<int64_t> log_of_random_calls(const PcmSetup& setup, int64_t pauses_ns) {
  std::minstd_rand dice(7);
  std::vector<int64_t> seen;
  IoplugPcm pcm(setup);
  if (setup.stream == SND_PCM_STREAM_CAPTURE) static_cast<void>(pcm.start());
  for (int i = 0; i < 2000; ++i) {
    lockstep::advance_to(lockstep::now_ns() + pauses_ns * static_cast<int64_t>(dice() % 3));
    const snd_pcm_uframes_t frames = dice() % 40 + 1;
    switch (dice() % 6) {
      case 0:
        seen.push_back(pcm.avail());
        break;
      case 1:
        seen.push_back(pcm.delay());
        break;
      case 2:
        seen.push_back(pcm.substream().poll_revents());
        break;
      default:
        seen.push_back(setup.stream == SND_PCM_STREAM_CAPTURE ? pcm.read(frames)
                                                              : pcm.write(frames));
        break;
    }
    if (pcm.state() == SND_PCM_STATE_XRUN) seen.push_back(pcm.prepare());
    seen.push_back(static_cast<int64_t>(hw(pcm)));
  }
  return seen;
}

TEST(SubstreamFreerun, TheSameCallsGiveTheSameAnswersHoweverLongTheyTake) {
  for (const PcmSetup& setup : {kPlayback, kCapture}) {
    const auto quick = log_of_random_calls(setup, 0);
    EXPECT_EQ(quick, log_of_random_calls(setup, 3 * kFrameNs + 1));
    EXPECT_GT(quick.back(), 1000) << "the stream has moved";
  }
}

}  // namespace
}  // namespace dmasim
