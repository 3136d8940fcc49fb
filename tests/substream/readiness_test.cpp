// SPDX-License-Identifier: LGPL-2.1-or-later
/// The poll level is ready exactly as long as avail >= avail_min, without any call by the program.
/// IoplugPcm::run checks it at each frame.
#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <string>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

constexpr snd_pcm_uframes_t kFree = 30 << 8;  // the boundary, and so a stop_threshold for free run

/// A ring that is not a multiple of its period, so that ticks come at any place of the ring.
PcmSetup uneven(snd_pcm_stream_t stream) {
  return {.stream = stream, .period_size = 7, .buffer_size = 30, .boundary = kFree};
}

SwParams waking_at(snd_pcm_uframes_t avail_min, snd_pcm_uframes_t stop_threshold) {
  return {.avail_min = avail_min, .start_threshold = 1000, .stop_threshold = stop_threshold};
}

IrqStats irq(IoplugPcm& pcm) { return pcm.substream().stats().irq; }

/// Calls `check` with each possible avail_min of a buffer of 30 frames.
template <typename Check>
void for_each_avail_min(Check check) {
  for (snd_pcm_uframes_t avail_min = 1; avail_min <= 30; ++avail_min) {
    SCOPED_TRACE("avail_min " + std::to_string(avail_min));
    check(avail_min);
    if (::testing::Test::HasFailure()) return;
  }
}

/// The program waits for the level, and then takes exactly avail_min frames.
template <typename Take>
void wake_and_take(IoplugPcm& pcm, snd_pcm_uframes_t avail_min, Take take) {
  for (int turn = 0; turn < 20; ++turn) {
    while (!pcm.ready()) pcm.run(1);
    ASSERT_EQ(pcm.avail(), static_cast<snd_pcm_sframes_t>(avail_min));
    ASSERT_EQ(take(avail_min), static_cast<snd_pcm_sframes_t>(avail_min));
    ASSERT_FALSE(pcm.ready());
  }
}

TEST(SubstreamReadiness, OfPlaybackIsTrueAtEachFrame) {
  for_each_avail_min([](snd_pcm_uframes_t avail_min) {
    IoplugPcm pcm(uneven(SND_PCM_STREAM_PLAYBACK));
    ASSERT_EQ(pcm.sw_params(waking_at(avail_min, 30)), 0);
    ASSERT_EQ(pcm.write(30), 30);
    ASSERT_EQ(pcm.start(), 0);
    if (avail_min < 30) {
      wake_and_take(pcm, avail_min, [&](snd_pcm_uframes_t frames) { return pcm.write(frames); });
    }
    pcm.run(35);
    EXPECT_TRUE(pcm.ready());
  });
}

TEST(SubstreamReadiness, OfCaptureIsTrueAtEachFrame) {
  for_each_avail_min([](snd_pcm_uframes_t avail_min) {
    IoplugPcm pcm(uneven(SND_PCM_STREAM_CAPTURE));
    ASSERT_EQ(pcm.sw_params(waking_at(avail_min, 30)), 0);
    ASSERT_EQ(pcm.start(), 0);
    if (avail_min < 30) {
      wake_and_take(pcm, avail_min, [&](snd_pcm_uframes_t frames) { return pcm.read(frames); });
    }
    pcm.run(35);
    EXPECT_TRUE(pcm.ready());
  });
}

TEST(SubstreamReadiness, OfAFreeRunIsTrueAtEachFrame) {
  for_each_avail_min([](snd_pcm_uframes_t avail_min) {
    IoplugPcm pcm(uneven(SND_PCM_STREAM_PLAYBACK));
    ASSERT_EQ(pcm.sw_params(waking_at(avail_min, kFree)), 0);
    ASSERT_EQ(pcm.write(30), 30);
    ASSERT_EQ(pcm.start(), 0);
    pcm.run(45);
    EXPECT_TRUE(pcm.ready());
  });
}

TEST(SubstreamReadiness, OfAPreparedStreamFollowsEachWrite) {
  for_each_avail_min([](snd_pcm_uframes_t avail_min) {
    IoplugPcm pcm(uneven(SND_PCM_STREAM_PLAYBACK));
    ASSERT_EQ(pcm.sw_params(waking_at(avail_min, 30)), 0);
    for (snd_pcm_uframes_t free = 30;; --free) {
      ASSERT_EQ(pcm.ready(), free >= avail_min) << free;
      ASSERT_EQ(pcm.substream().poll_revents() != 0, free >= avail_min);
      if (free == 0) break;
      ASSERT_EQ(pcm.write(1), 1);
    }
  });
}

TEST(SubstreamReadiness, WholeBufferBetweenTicksHasAnAlarm) {
  IoplugPcm pcm(uneven(SND_PCM_STREAM_PLAYBACK));
  ASSERT_EQ(pcm.sw_params(waking_at(30, kFree)), 0);
  ASSERT_EQ(pcm.write(30), 30);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(29);
  EXPECT_FALSE(pcm.ready());
  pcm.run(1);
  EXPECT_TRUE(pcm.ready());
  EXPECT_EQ(irq(pcm).alarms, 1u);
}

TEST(SubstreamReadiness, WholeBufferOfACaptureHasAnAlarmToo) {
  IoplugPcm pcm(uneven(SND_PCM_STREAM_CAPTURE));
  ASSERT_EQ(pcm.sw_params(waking_at(30, kFree)), 0);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(29);
  EXPECT_FALSE(pcm.ready());
  pcm.run(1);
  EXPECT_TRUE(pcm.ready());
}

/// The alarm that wakes the program also finds the xrun.
TEST(SubstreamReadiness, WholeBufferThatIsAnXrunIsShownAtItsFrame) {
  IoplugPcm pcm(uneven(SND_PCM_STREAM_PLAYBACK));
  ASSERT_EQ(pcm.sw_params(waking_at(30, 30)), 0);
  ASSERT_EQ(pcm.write(30), 30);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(29);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  pcm.run(1);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
}

TEST(SubstreamReadiness, MoreThanTheBufferIsWaitedForWithoutAnAlarm) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(waking_at(33, 32)), 0);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(31);
  EXPECT_FALSE(pcm.ready());
  pcm.run(1);
  EXPECT_TRUE(pcm.ready()) << "of the xrun";
  EXPECT_EQ(irq(pcm).alarms, 0u);
}

TEST(SubstreamReadiness, OnATickNeedsNoAlarm) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(waking_at(16, 32)), 0);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(20);
  EXPECT_EQ(irq(pcm).alarms, 0u);
  EXPECT_EQ(irq(pcm).callbacks, 2u);
}

TEST(SubstreamReadiness, WriteMovesTheAlarm) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(waking_at(11, 32)), 0);
  ASSERT_EQ(pcm.write(30), 30);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(3);
  ASSERT_EQ(pcm.write(4), 4);  // the alarm was at 9 and is at 13
  pcm.run(9);
  EXPECT_FALSE(pcm.ready());
  EXPECT_EQ(irq(pcm).alarms, 0u);
  pcm.run(1);
  EXPECT_TRUE(pcm.ready());
  EXPECT_EQ(irq(pcm).alarms, 1u);
}

TEST(SubstreamReadiness, BlockedWriterWakesAtTheFrame) {
  IoplugPcm pcm({});
  SwParams sw = waking_at(11, 32);
  sw.start_threshold = 1;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  const int64_t begun_ns = lockstep::now_ns();
  ASSERT_EQ(pcm.write(33), 33);
  EXPECT_EQ(lockstep::now_ns() - begun_ns, 11 * kFrameNs);
}

TEST(SubstreamReadiness, FollowsARewindBeforeTheStart) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(waking_at(10, 32)), 0);
  ASSERT_EQ(pcm.write(30), 30);
  EXPECT_FALSE(pcm.ready());
  ASSERT_EQ(pcm.rewind(10), 10);
  EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT);
  EXPECT_TRUE(pcm.ready());
  EXPECT_EQ(pcm.delay(), 20);
}

TEST(SubstreamReadiness, FollowsARewindInAPause) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(waking_at(16, 32)), 0);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(10);
  ASSERT_EQ(pcm.pause(true), 0);
  ASSERT_EQ(pcm.rewind(6), 6);
  EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT);
  EXPECT_EQ(pcm.delay(), 16);
  EXPECT_TRUE(pcm.ready());
}

TEST(SubstreamReadiness, WithoutAStreamIsAnError) {
  IoplugPcm pcm({});
  EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.drop(), 0);
  EXPECT_TRUE(pcm.ready());
  EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT | POLLERR);
  EXPECT_EQ(pcm.wait(), -EBADFD);
  ASSERT_EQ(pcm.hw_free(), 0);
  EXPECT_TRUE(pcm.ready());
  EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT | POLLERR);
}

TEST(SubstreamReadiness, OfCaptureIsForReading) {
  IoplugPcm pcm({.stream = SND_PCM_STREAM_CAPTURE});
  EXPECT_FALSE(pcm.ready());
  EXPECT_EQ(pcm.substream().poll_revents(), 0);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(8);
  EXPECT_EQ(pcm.substream().poll_revents(), POLLIN);
}

/// For periods of 8 in a buffer of 32: an avail_min that is never reached.
SwParams period_events(bool period_event) {
  return {.avail_min = 32,
          .start_threshold = 1000,
          .stop_threshold = 32 << 10,
          .period_event = period_event};
}

TEST(SubstreamPeriodEvent, WakesOnceAtEachPeriod) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(period_events(true)), 0);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.start(), 0);
  for (int period = 0; period < 3; ++period) {
    pcm.pass(7);
    EXPECT_FALSE(pcm.ready()) << period;
    EXPECT_EQ(pcm.substream().poll_revents(), 0);
    pcm.pass(1);
    EXPECT_TRUE(pcm.ready()) << period;
    EXPECT_EQ(pcm.substream().poll_revents(), POLLOUT);
    EXPECT_FALSE(pcm.ready()) << "the event has been taken";
    EXPECT_EQ(pcm.substream().poll_revents(), 0);
  }
}

TEST(SubstreamPeriodEvent, IsNoneUnlessAskedFor) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(period_events(false)), 0);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.start(), 0);
  pcm.pass(31);
  EXPECT_FALSE(pcm.ready());
}

/// The write finds room at the next period, not when the whole buffer is empty.
TEST(SubstreamPeriodEvent, LetsABlockedWriteGoOn) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(period_events(true)), 0);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.start(), 0);
  EXPECT_EQ(pcm.write(8), 8);
  EXPECT_EQ(pcm.true_hw(), 8u);
}

TEST(SubstreamPeriodEvent, OfCaptureIsTheSame) {
  IoplugPcm pcm({.stream = SND_PCM_STREAM_CAPTURE});
  ASSERT_EQ(pcm.sw_params(period_events(true)), 0);
  ASSERT_EQ(pcm.start(), 0);
  pcm.pass(8);
  EXPECT_TRUE(pcm.ready());
  EXPECT_EQ(pcm.substream().poll_revents(), POLLIN);
  EXPECT_FALSE(pcm.ready());
}

}  // namespace
}  // namespace dmasim
