// SPDX-License-Identifier: LGPL-2.1-or-later
/// The poll descriptor shows a level. Its raw events are right too, and programs need to get the
/// descriptor only once.
#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

class Poll : public ::testing::Test {
 protected:
  void open(const PcmSetup& setup, bool playback, int mode = 0) {
    setup_ = setup;
    pcm_ = playback ? open_playback({}, mode) : open_capture({}, mode);
    ASSERT_TRUE(pcm_);
    ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup));
    ASSERT_EQ(snd_pcm_poll_descriptors_count(pcm_.get()), 1);
    ASSERT_EQ(snd_pcm_poll_descriptors(pcm_.get(), &descriptor_, 1), 1);
    wanted_ = playback ? POLLOUT : POLLIN;
    EXPECT_EQ(descriptor_.events, wanted_ | POLLERR | POLLNVAL);
    data_.resize(setup.buffer_size * setup.layout.frame_bytes());
  }
  /// The raw events of poll: 0 or `wanted_`.
  short raw(int timeout_ms = 0) {
    EXPECT_GE(poll(&descriptor_, 1, timeout_ms), 0);
    return descriptor_.revents;
  }
  /// Compares the level with the positions that were read before and after it.
  void expect_true_level(snd_pcm_sframes_t avail_min) {
    const snd_pcm_sframes_t before = snd_pcm_avail(pcm_.get());
    const bool ready = raw() != 0;
    const snd_pcm_sframes_t after = snd_pcm_avail(pcm_.get());
    ASSERT_TRUE(before >= 0 && after >= 0);
    EXPECT_TRUE(ready ? after >= avail_min : before < avail_min)
        << (ready ? "ready, with " : "not ready, with ") << before << " to " << after;
  }
  unsigned short translated() {
    unsigned short revents = 0;
    EXPECT_EQ(snd_pcm_poll_descriptors_revents(pcm_.get(), &descriptor_, 1, &revents), 0);
    return revents;
  }
  void fill() {
    const auto room = static_cast<snd_pcm_uframes_t>(snd_pcm_avail(pcm_.get()));
    ASSERT_EQ(snd_pcm_writei(pcm_.get(), data_.data(), room), static_cast<snd_pcm_sframes_t>(room));
  }

  [[nodiscard]] Look before(int64_t ns, uint64_t frames) const {
    return ns < setup_.time_of(frames) ? Look::in_time : Look::too_late;
  }

  PcmSetup setup_;
  Pcm pcm_;
  pollfd descriptor_{};
  short wanted_ = 0;
  std::vector<std::byte> data_;
};

/// A tick comes each 200 ms. alsa-lib sets avail_min to a period at least. So the stream becomes
/// ready between two ticks only if the program's position is in the middle of a period.
PcmSetup slow_ticks() {
  PcmSetup setup;
  setup.period_size = 9600;
  setup.buffer_size = 48000;
  return setup;
}

TEST_F(Poll, PreparedPlaybackIsReadyWhileThereIsRoomForAvailMin) {
  ASSERT_NO_FATAL_FAILURE(open({}, true));
  EXPECT_EQ(raw(), POLLOUT);
  EXPECT_EQ(translated(), POLLOUT);
  ASSERT_EQ(snd_pcm_writei(pcm_.get(), data_.data(), 48000 - 4800), 48000 - 4800);
  EXPECT_EQ(raw(), POLLOUT);
  ASSERT_EQ(snd_pcm_writei(pcm_.get(), data_.data(), 1), 1);
  EXPECT_EQ(raw(), 0);
  EXPECT_EQ(translated(), 0);
  ASSERT_NO_FATAL_FAILURE(fill());
  EXPECT_EQ(raw(), 0);
  ASSERT_EQ(snd_pcm_drop(pcm_.get()), 0);
  ASSERT_EQ(snd_pcm_prepare(pcm_.get()), 0);
  EXPECT_EQ(raw(), POLLOUT);
}

TEST_F(Poll, RunningPlaybackIsReadyOnceAvailMinIsFree) {
  PcmSetup setup;
  setup.period_size = 480;
  setup.buffer_size = 14400;
  ASSERT_NO_FATAL_FAILURE(open(setup, true));
  ASSERT_NO_FATAL_FAILURE(fill());
  const int64_t start_ns = now_ns();
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  for (uint64_t turn = 1; turn <= 20; ++turn) {
    ASSERT_EQ(raw(kWatchdogMs), POLLOUT);
    EXPECT_GE(now_ns() - start_ns, setup_.time_of(turn * 480));
    EXPECT_EQ(translated(), POLLOUT);
    ASSERT_GE(snd_pcm_avail_update(pcm_.get()), 480);
    ASSERT_NO_FATAL_FAILURE(fill());
    expect_true_level(480);
  }
}

TEST_F(Poll, CaptureIsReadyOnceAvailMinIsThere) {
  PcmSetup setup;
  setup.period_size = 480;
  setup.buffer_size = 14400;
  ASSERT_NO_FATAL_FAILURE(open(setup, false));
  EXPECT_EQ(raw(), 0) << "PREPARED";
  const int64_t start_ns = now_ns();
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  uint64_t taken = 0;
  for (int turn = 1; turn <= 20; ++turn) {
    ASSERT_EQ(raw(kWatchdogMs), POLLIN);
    EXPECT_GE(now_ns() - start_ns, setup_.time_of(taken + 480));
    EXPECT_EQ(translated(), POLLIN);
    const snd_pcm_sframes_t avail = snd_pcm_avail_update(pcm_.get());
    ASSERT_GE(avail, 480);
    ASSERT_EQ(snd_pcm_readi(pcm_.get(), data_.data(), static_cast<snd_pcm_uframes_t>(avail)),
              avail);
    taken += static_cast<uint64_t>(avail);
    expect_true_level(480);
  }
}

TEST_F(Poll, PlaybackWaitWakesBetweenTwoTicks) {
  look_in_time([&] {
    open(slow_ticks(), true);
    EXPECT_EQ(snd_pcm_writei(pcm_.get(), data_.data(), 48000 - 4800), 48000 - 4800);
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(pcm_.get()), 0);
    EXPECT_EQ(snd_pcm_wait(pcm_.get(), kWatchdogMs), 1);
    const int64_t woken_ns = now_ns() - start_ns;
    EXPECT_GE(woken_ns, setup_.time_of(4800));
    EXPECT_GE(snd_pcm_avail_update(pcm_.get()), 9600);
    return before(woken_ns, 9600);
  });
}

TEST_F(Poll, CaptureWaitWakesBetweenTwoTicks) {
  look_in_time([&] {
    open(slow_ticks(), false);
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(pcm_.get()), 0);
    EXPECT_EQ(snd_pcm_readi(pcm_.get(), data_.data(), 3000),
              3000);  // ready at the tick from here on
    EXPECT_EQ(snd_pcm_wait(pcm_.get(), kWatchdogMs), 1);
    const int64_t woken_ns = now_ns() - start_ns;
    EXPECT_GE(woken_ns, setup_.time_of(12600));
    EXPECT_GE(snd_pcm_avail_update(pcm_.get()), 9600);
    return before(woken_ns, 19200);
  });
}

TEST_F(Poll, AvailMinIsChangedWhileTheStreamRuns) {
  PcmSetup setup = slow_ticks();
  setup.avail_min = 45000;
  look_in_time([&] {
    open(setup, true);
    fill();
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(pcm_.get()), 0);
    const short at_once = raw();
    if (now_ns() - start_ns >= setup.time_of(9600)) return Look::too_late;
    EXPECT_EQ(at_once, 0);
    PcmSetup changed = setup;
    changed.avail_min = 12000;
    EXPECT_EQ(set_sw_params(pcm_.get(), changed), 0);
    EXPECT_EQ(raw(kWatchdogMs), POLLOUT);
    const int64_t woken_ns = now_ns() - start_ns;
    EXPECT_GE(snd_pcm_avail_update(pcm_.get()), 12000);
    return before(woken_ns, 19200);
  });
}

/// alsa-lib moves the program's position without a hook. The next call that reads the position
/// corrects the level.
TEST_F(Poll, ARewindMakesRoomInAPreparedStream) {
  ASSERT_NO_FATAL_FAILURE(open({}, true));
  ASSERT_NO_FATAL_FAILURE(fill());
  EXPECT_EQ(raw(), 0);
  ASSERT_EQ(snd_pcm_rewind(pcm_.get(), 10000), 10000);
  EXPECT_EQ(snd_pcm_avail_update(pcm_.get()), 10000);
  EXPECT_EQ(raw(), POLLOUT);
}

TEST_F(Poll, ARewindMakesRoomInAPausedStream) {
  ASSERT_NO_FATAL_FAILURE(open({}, true));
  ASSERT_NO_FATAL_FAILURE(fill());
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  ASSERT_EQ(snd_pcm_pause(pcm_.get(), 1), 0);
  ASSERT_EQ(snd_pcm_rewind(pcm_.get(), 10000), 10000);
  EXPECT_GE(snd_pcm_avail_update(pcm_.get()), 10000);
  EXPECT_EQ(raw(), POLLOUT);
}

TEST_F(Poll, APausedMappedCaptureThatWasReadEmptyIsNotReady) {
  PcmSetup setup;
  setup.access = SND_PCM_ACCESS_MMAP_INTERLEAVED;
  ASSERT_NO_FATAL_FAILURE(open(setup, false));
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  ASSERT_EQ(raw(kWatchdogMs), POLLIN);
  ASSERT_EQ(snd_pcm_pause(pcm_.get(), 1), 0);
  const auto avail = static_cast<snd_pcm_uframes_t>(snd_pcm_avail_update(pcm_.get()));
  ASSERT_EQ(snd_pcm_mmap_readi(pcm_.get(), data_.data(), avail),
            static_cast<snd_pcm_sframes_t>(avail));
  EXPECT_EQ(snd_pcm_avail_update(pcm_.get()), 0);
  EXPECT_EQ(translated(), 0);
  EXPECT_EQ(raw(), 0) << "a program that polls would spin";
}

TEST_F(Poll, PausedPlaybackThatIsFullIsNotReady) {
  look_in_time([&] {
    open({}, true);
    fill();
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(pcm_.get()), 0);
    EXPECT_EQ(snd_pcm_pause(pcm_.get(), 1), 0);
    if (now_ns() - start_ns >= setup_.time_of(4800)) return Look::too_late;
    EXPECT_LT(snd_pcm_avail(pcm_.get()), 4800);
    EXPECT_EQ(raw(150), 0);
    EXPECT_EQ(snd_pcm_wait(pcm_.get(), 10), 0);
    EXPECT_EQ(snd_pcm_pause(pcm_.get(), 0), 0);
    EXPECT_EQ(raw(kWatchdogMs), POLLOUT);
    return Look::in_time;
  });
}

TEST_F(Poll, DrainingIsNotReadyUntilItsEnd) {
  ASSERT_NO_FATAL_FAILURE(open({}, true, SND_PCM_NONBLOCK));
  ASSERT_EQ(snd_pcm_writei(pcm_.get(), data_.data(), 5001), 5001);
  EXPECT_EQ(raw(), POLLOUT);
  const int64_t start_ns = now_ns();
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), -EAGAIN);
  ASSERT_EQ(raw(kWatchdogMs), POLLOUT);
  EXPECT_GE(now_ns() - start_ns, setup_.time_of(5001));
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
  EXPECT_EQ(translated(), POLLOUT | POLLERR);
}

TEST_F(Poll, XrunIsReadyWithAnError) {
  for (const bool playback : {true, false}) {
    PcmSetup setup;
    setup.period_size = 480;
    setup.buffer_size = 2400;
    setup.avail_min = 9600;  // so that only the xrun wakes the program
    ASSERT_NO_FATAL_FAILURE(open(setup, playback));
    if (playback) {
      ASSERT_NO_FATAL_FAILURE(fill());
    }
    const int64_t start_ns = now_ns();
    ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
    EXPECT_EQ(raw(kWatchdogMs), wanted_);
    EXPECT_GE(now_ns() - start_ns, setup.time_of(2400));
    EXPECT_EQ(translated(), wanted_ | POLLERR);
    EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_XRUN);
  }
}

TEST_F(Poll, AfterADropIsReadyWithAnError) {
  ASSERT_NO_FATAL_FAILURE(open({}, false));
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  ASSERT_EQ(snd_pcm_drop(pcm_.get()), 0);
  EXPECT_EQ(raw(), POLLIN);
  EXPECT_EQ(translated(), POLLIN | POLLERR);
  ASSERT_EQ(snd_pcm_prepare(pcm_.get()), 0);
  EXPECT_EQ(raw(), 0);
}

void ask_for_period_events(snd_pcm_t* pcm) {
  snd_pcm_sw_params_t* sw = nullptr;
  snd_pcm_sw_params_alloca(&sw);
  ASSERT_EQ(snd_pcm_sw_params_current(pcm, sw), 0);
  ASSERT_EQ(snd_pcm_sw_params_set_period_event(pcm, sw, 1), 0);
  ASSERT_EQ(snd_pcm_sw_params(pcm, sw), 0);
}

/// With avail_min = buffer size a write would otherwise wait until the buffer is empty, an xrun.
TEST_F(Poll, PeriodEventsWakeAWriteThatWaitsForTheWholeBuffer) {
  look_in_time([&] {
    PcmSetup setup;
    setup.avail_min = setup.buffer_size;
    setup.start_threshold = setup.buffer_size;
    open(setup, true);
    if (HasFatalFailure()) return Look::in_time;
    ask_for_period_events(pcm_.get());
    const int64_t start_ns = now_ns();
    fill();
    for (int period = 0; period < 3; ++period) {
      const auto wrote = snd_pcm_writei(pcm_.get(), data_.data(), setup.period_size);
      if (wrote == -EPIPE) return before(now_ns() - start_ns, setup.buffer_size);
      EXPECT_EQ(wrote, static_cast<snd_pcm_sframes_t>(setup.period_size));
      EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_RUNNING);
    }
    return Look::in_time;
  });
}

/// Each period makes the descriptor ready once: the program that looks at its events is not woken
/// again before the next period.
TEST_F(Poll, APeriodEventIsConsumedByTheLookAtIt) {
  look_in_time([&] {
    PcmSetup setup;
    setup.avail_min = setup.buffer_size;
    open(setup, true);
    if (HasFatalFailure()) return Look::in_time;
    ask_for_period_events(pcm_.get());
    fill();
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(pcm_.get()), 0);
    for (uint64_t period = 1; period <= 3; ++period) {
      const bool woken = raw(2000) == POLLOUT;
      const bool ready = translated() == POLLOUT;
      const bool again = raw() != 0;
      if (before(now_ns() - start_ns, (period + 1) * setup.period_size) == Look::too_late) {
        return Look::too_late;
      }
      EXPECT_TRUE(woken && ready && !again) << period << ": " << woken << ready << again;
      EXPECT_GE(now_ns() - start_ns, setup.time_of(period * setup.period_size));
    }
    return Look::in_time;
  });
}

TEST_F(Poll, NonblockingCallsAnswerEagain) {
  look_in_time([&] {
    open(slow_ticks(), true, SND_PCM_NONBLOCK);
    fill();
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(pcm_.get()), 0);
    const snd_pcm_sframes_t answer = snd_pcm_writei(pcm_.get(), data_.data(), 48000);
    if (now_ns() - start_ns >= setup_.time_of(9600)) return Look::too_late;
    EXPECT_EQ(answer, -EAGAIN);
    return Look::in_time;
  });
}

}  // namespace
}  // namespace dmasim::test
