// SPDX-License-Identifier: LGPL-2.1-or-later
/// Drain plays exactly the frames that were written, and ends.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

#include "tests/alsa/pcm_fixture.h"
#include "tests/alsa/process_view.h"

namespace dmasim::test {
namespace {

class Drain : public ::testing::Test {
 protected:
  /// Opens a PCM and writes `frames` frames. Does not start the stream.
  void write(size_t frames, Arguments arguments = {}, int mode = 0) {
    arguments.emplace_back("FILE", path_);
    pcm_ = open_playback(arguments, mode);
    ASSERT_TRUE(pcm_);
    ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
    data_ = pattern_frames(setup_.layout, 0, frames);
    before_ns_ = now_ns();
    ASSERT_EQ(write_frames(pcm_.get(), data_), frames);
  }
  void expect_all_recorded() {
    EXPECT_EQ(first_difference(setup_.layout, data_, read_file(path_)), "");
  }
  [[nodiscard]] bool took(size_t frames) const {
    return now_ns() - before_ns_ >= setup_.time_of(frames);
  }
  void expect_took(size_t frames) const { EXPECT_TRUE(took(frames)) << "too early"; }

  PcmSetup setup_;
  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("played.raw");
  std::vector<std::byte> data_;
  Pcm pcm_;
  int64_t before_ns_ = 0;
};

TEST_F(Drain, PlaysAStreamThatIsShorterThanTheStartThreshold) {
  ASSERT_NO_FATAL_FAILURE(write(1234));
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
  expect_took(1234);
  expect_all_recorded();
}

TEST_F(Drain, OfARunningStreamEndsWithAPartOfAPeriod) {
  ASSERT_NO_FATAL_FAILURE(write(4800 * 2 + 17));
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), 0);
  expect_took(4800 * 2 + 17);
  expect_all_recorded();
}

TEST_F(Drain, WaitsForTheFifoToo) {
  ASSERT_NO_FATAL_FAILURE(write(1234, {{"FIFO", "4096"}}));
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), 0);
  expect_took(1234 + 4096);
  expect_all_recorded();
}

TEST_F(Drain, OfOneFrameWithoutAnyPeriod) {
  ASSERT_NO_FATAL_FAILURE(write(1));
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), 0);
  expect_all_recorded();
}

TEST_F(Drain, AskedForWithoutBlockingEndsInSetupByItself) {
  look_in_time([&] {
    write(9601, {}, SND_PCM_NONBLOCK);
    EXPECT_EQ(snd_pcm_drain(pcm_.get()), -EAGAIN);
    const snd_pcm_state_t state = snd_pcm_state(pcm_.get());
    const bool over = took(9601);
    EXPECT_TRUE(state == SND_PCM_STATE_DRAINING || (over && state == SND_PCM_STATE_SETUP))
        << snd_pcm_state_name(state);
    EXPECT_TRUE(reaches_state(pcm_.get(), SND_PCM_STATE_SETUP));
    expect_took(9601);
    pcm_.reset();
    expect_all_recorded();
    return over ? Look::too_late : Look::in_time;
  });
}

TEST_F(Drain, AskedForAgainAndAgainWithoutBlockingStillPlaysAll) {
  ASSERT_NO_FATAL_FAILURE(write(4801, {{"FIFO", "480"}}, SND_PCM_NONBLOCK));
  ASSERT_TRUE(eventually([&] {
    const int answer = snd_pcm_drain(pcm_.get());
    EXPECT_TRUE(answer == 0 || answer == -EAGAIN) << answer;
    return answer == 0;
  }));
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
  expect_took(4801 + 480);
  pcm_.reset();
  expect_all_recorded();
}

/// alsa-lib drops the stream when it gets the position of the drain's end. So this position must
/// not come before the last frame has left the FIFO.
TEST_F(Drain, WatchedByPositionsStillPlaysAll) {
  ASSERT_NO_FATAL_FAILURE(write(4801, {{"FIFO", "2048"}}, SND_PCM_NONBLOCK));
  EXPECT_EQ(snd_pcm_drain(pcm_.get()), -EAGAIN);
  ASSERT_TRUE(eventually([&] {
    static_cast<void>(snd_pcm_avail(pcm_.get()));
    snd_pcm_sframes_t delay = 0;
    static_cast<void>(snd_pcm_delay(pcm_.get(), &delay));
    return snd_pcm_state(pcm_.get()) != SND_PCM_STATE_DRAINING;
  }));
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
  expect_took(4801 + 2048);
  pcm_.reset();
  expect_all_recorded();
}

TEST_F(Drain, IsEndedByADropFromAnotherThread) {
  setup_.period_size = 24000;
  setup_.buffer_size = 5 * 48000;
  ASSERT_NO_FATAL_FAILURE(write(5 * 48000));
  std::atomic<pid_t> drainer_id{0};
  std::thread drainer([&] {
    drainer_id = gettid();
    static_cast<void>(snd_pcm_drain(pcm_.get()));
  });
  EXPECT_TRUE(reaches_state(pcm_.get(), SND_PCM_STATE_DRAINING));
  EXPECT_TRUE(eventually([&] { return thread_sleeps(drainer_id); })) << "it waits for the end";
  EXPECT_EQ(snd_pcm_drop(pcm_.get()), 0);
  drainer.join();
  EXPECT_FALSE(took(5 * 48000)) << "it has waited for the end";
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
  const auto recorded = read_file(path_);
  const size_t frames = recorded.size() / setup_.layout.frame_bytes();
  EXPECT_LT(frames, 5U * 48000);
  const auto expected = pattern_frames(setup_.layout, 0, frames);
  EXPECT_EQ(first_difference(setup_.layout, expected, recorded), "");
}

TEST_F(Drain, AfterSeveralBuffersWrittenWhileItRuns) {
  setup_.period_size = 2400;
  setup_.buffer_size = 9600;
  setup_.start_threshold = 9600;
  ASSERT_NO_FATAL_FAILURE(write(9600));
  ASSERT_EQ(write_frames(pcm_.get(), pattern_frames(setup_.layout, 9600, 14001)), 14001);
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), 0);
  expect_took(9600 + 14001);
  data_ = pattern_frames(setup_.layout, 0, 9600 + 14001);
  expect_all_recorded();
}

TEST_F(Drain, BlocksWhenBlockingWasAskedForLater) {
  ASSERT_NO_FATAL_FAILURE(write(4801, {}, SND_PCM_NONBLOCK));
  ASSERT_EQ(snd_pcm_nonblock(pcm_.get(), 0), 0);
  EXPECT_EQ(snd_pcm_drain(pcm_.get()), 0);
  expect_took(4801);
  expect_all_recorded();
}

TEST_F(Drain, MakesPrepareBusyAndGoesOn) {
  look_in_time([&] {
    write(9601, {{"FIFO", "480"}}, SND_PCM_NONBLOCK);
    EXPECT_EQ(snd_pcm_start(pcm_.get()), 0);
    // Waits first: at position 0 a reset would change nothing. An xrun ends the wait too.
    EXPECT_TRUE(eventually([&] {
      const snd_pcm_sframes_t avail = snd_pcm_avail(pcm_.get());
      return avail > 48000 - 9601 + 500 || avail < 0;
    }));
    const int drained = snd_pcm_drain(pcm_.get());
    const int prepared = snd_pcm_prepare(pcm_.get());
    if (took(9601)) return Look::too_late;
    EXPECT_EQ(drained, -EAGAIN);
    EXPECT_EQ(prepared, -EBUSY);
    EXPECT_TRUE(reaches_state(pcm_.get(), SND_PCM_STATE_SETUP));
    expect_took(9601 + 480);
    pcm_.reset();
    expect_all_recorded();
    return Look::in_time;
  });
}

void ignore_signal(int) {}

/// snd_pcm_abort has no hook. A signal wakes the thread that sleeps in drain.
TEST_F(Drain, IsLeftByAbort) {
  setup_.period_size = 24000;
  setup_.buffer_size = 5 * 48000;
  ASSERT_NO_FATAL_FAILURE(write(5 * 48000));
  struct sigaction action {};
  action.sa_handler = ignore_signal;
  action.sa_flags = SA_RESTART;  // so that only the abort ends the drain, not the signal
  struct sigaction before {};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  std::atomic<bool> done{false};
  int answer = 0;
  std::thread drainer([&] {
    answer = snd_pcm_drain(pcm_.get());
    done = true;
  });
  EXPECT_TRUE(reaches_state(pcm_.get(), SND_PCM_STATE_DRAINING));
  EXPECT_EQ(snd_pcm_abort(pcm_.get()), 0);
  EXPECT_TRUE(eventually([&] {
    if (!done) pthread_kill(drainer.native_handle(), SIGUSR1);
    return done.load();
  }));
  drainer.join();
  ASSERT_EQ(sigaction(SIGUSR1, &before, nullptr), 0);
  EXPECT_EQ(answer, -EINTR);
  EXPECT_LT(now_ns() - before_ns_, setup_.time_of(5 * 48000));
  EXPECT_EQ(snd_pcm_drop(pcm_.get()), 0);
}

/// Sends SIGUSR1, whose handler has these flags, to a thread in a blocking drain, until the drain
/// has returned or `times` signals were sent. Answers what drain answered.
int drain_under_signals(snd_pcm_t* pcm, int flags, int times) {
  struct sigaction action {};
  action.sa_handler = ignore_signal;
  action.sa_flags = flags;
  struct sigaction before {};
  EXPECT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  std::atomic<bool> done{false};
  int answer = 0;
  std::thread drainer([&] {
    answer = snd_pcm_drain(pcm);
    done = true;
  });
  EXPECT_TRUE(reaches_state(pcm, SND_PCM_STATE_DRAINING));
  int sent = 0;
  EXPECT_TRUE(eventually([&] {
    if (!done && sent++ < times) pthread_kill(drainer.native_handle(), SIGUSR1);
    return done.load();
  }));
  drainer.join();
  EXPECT_EQ(sigaction(SIGUSR1, &before, nullptr), 0);
  return answer;
}

TEST_F(Drain, IsInterruptedByASignalAndGoesOnWhenAskedAgain) {
  ASSERT_NO_FATAL_FAILURE(write(24000));
  ASSERT_EQ(drain_under_signals(pcm_.get(), 0, 1'000'000), -EINTR);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_DRAINING);
  EXPECT_EQ(snd_pcm_drain(pcm_.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
  expect_took(24000);
  expect_all_recorded();
}

TEST_F(Drain, IsNotInterruptedWhereSystemCallsAreRestarted) {
  ASSERT_NO_FATAL_FAILURE(write(9601));
  EXPECT_EQ(drain_under_signals(pcm_.get(), SA_RESTART, 20), 0);
  expect_took(9601);
  expect_all_recorded();
}

TEST_F(Drain, ThatBlocksStampsItsEnd) {
  ASSERT_NO_FATAL_FAILURE(write(9601));
  snd_pcm_status_t* status = nullptr;
  snd_pcm_status_alloca(&status);
  const auto stamped_ns = [&] {
    snd_htimestamp_t stamp{};
    EXPECT_EQ(snd_pcm_status(pcm_.get(), status), 0);
    snd_pcm_status_get_trigger_htstamp(status, &stamp);
    return int64_t{stamp.tv_sec} * 1'000'000'000 + stamp.tv_nsec;
  };
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  const int64_t started_ns = stamped_ns();
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), 0);
  EXPECT_GE(stamped_ns() - started_ns, setup_.time_of(9601) / 2);
}

TEST_F(Drain, OfNothingWithoutBlockingSaysAgainAndEndsInSetup) {
  pcm_ = open_playback({}, SND_PCM_NONBLOCK);
  ASSERT_TRUE(pcm_);
  ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
  EXPECT_EQ(snd_pcm_drain(pcm_.get()), -EAGAIN);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
}

/// The hardware stops; the captured frames stay readable.
TEST_F(Drain, OfCaptureWithoutBlockingKeepsWhatIsToBeRead) {
  const Pcm pcm = open_capture({{"SOURCE", "counter"}}, SND_PCM_NONBLOCK);
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup_));
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  ASSERT_TRUE(eventually([&] { return snd_pcm_avail(pcm.get()) >= 2000; }));
  EXPECT_EQ(snd_pcm_drain(pcm.get()), -EAGAIN);
  ASSERT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_DRAINING);
  const snd_pcm_sframes_t held = snd_pcm_avail(pcm.get());
  EXPECT_GE(held, 2000);
  snd_pcm_sframes_t delay = 0;
  EXPECT_EQ(snd_pcm_delay(pcm.get(), &delay), -EBADFD);
  std::vector<std::byte> got(2000 * setup_.layout.frame_bytes());
  EXPECT_EQ(snd_pcm_readi(pcm.get(), got.data(), 2000), 2000);
  EXPECT_EQ(first_difference(setup_.layout, counter_frames(setup_.layout, 0, 2000), got), "");
  EXPECT_EQ(snd_pcm_avail(pcm.get()), held - 2000);
}

/// Brings a non-blocking capture into DRAINING.
void drain_with_data(snd_pcm_t* pcm, const PcmSetup& setup) {
  ASSERT_NE(pcm, nullptr);
  ASSERT_NO_FATAL_FAILURE(configure(pcm, setup));
  ASSERT_EQ(snd_pcm_start(pcm), 0);
  ASSERT_TRUE(eventually([&] { return snd_pcm_avail(pcm) > 0; }));
  ASSERT_EQ(snd_pcm_drain(pcm), -EAGAIN);
  ASSERT_EQ(snd_pcm_state(pcm), SND_PCM_STATE_DRAINING);
}

/// A second drain, which may block, has nothing to wait for.
TEST_F(Drain, OfCaptureThatKeepsDataEndsWhenAskedToBlock) {
  const Pcm pcm = open_capture({}, SND_PCM_NONBLOCK);
  ASSERT_NO_FATAL_FAILURE(drain_with_data(pcm.get(), setup_));
  ASSERT_EQ(snd_pcm_nonblock(pcm.get(), 0), 0);
  EXPECT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_SETUP);
}

TEST_F(Drain, OfCaptureThatKeepsDataEndsWithPrepare) {
  const Pcm pcm = open_capture({}, SND_PCM_NONBLOCK);
  ASSERT_NO_FATAL_FAILURE(drain_with_data(pcm.get(), setup_));
  ASSERT_EQ(snd_pcm_prepare(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_avail(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_start(pcm.get()), 0);
}

TEST_F(Drain, OfAPausedStreamEndsInSetup) {
  ASSERT_NO_FATAL_FAILURE(write(24000));
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  ASSERT_EQ(snd_pcm_pause(pcm_.get(), 1), 0);
  EXPECT_EQ(snd_pcm_drain(pcm_.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
}

}  // namespace
}  // namespace dmasim::test
