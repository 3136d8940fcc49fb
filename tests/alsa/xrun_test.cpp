// SPDX-License-Identifier: LGPL-2.1-or-later
/// Xruns, and the events that wake a program which sleeps in alsa-lib.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "tests/alsa/pcm_fixture.h"
#include "tests/alsa/process_view.h"
#include "tests/alsa/report_file.h"

namespace dmasim::test {
namespace {

class Xrun : public ::testing::TestWithParam<snd_pcm_stream_t> {
 protected:
  void SetUp() override {
    setup_.period_size = 480;
    setup_.buffer_size = 4800;
    pcm_ = playback() ? open_playback({}) : open_capture({});
    ASSERT_TRUE(pcm_);
    ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
    data_.resize(setup_.buffer_size * setup_.layout.frame_bytes());
  }
  [[nodiscard]] static bool playback() { return GetParam() == SND_PCM_STREAM_PLAYBACK; }

  /// Starts a stream that has an xrun 100 ms later.
  void start() {
    if (playback()) {
      ASSERT_EQ(write_frames(pcm_.get(), data_), setup_.buffer_size);
    }
    start_ns_ = now_ns();
    ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  }
  snd_pcm_sframes_t move(size_t frames) {
    return playback() ? snd_pcm_writei(pcm_.get(), data_.data(), frames)
                      : snd_pcm_readi(pcm_.get(), data_.data(), frames);
  }

  PcmSetup setup_;
  std::vector<std::byte> data_;
  Pcm pcm_;
  int64_t start_ns_ = 0;
};

TEST_P(Xrun, IsShownByTheStateWithNoOtherCall) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(reaches_state(pcm_.get(), SND_PCM_STATE_XRUN));
  EXPECT_GE(now_ns() - start_ns_, setup_.time_of(setup_.buffer_size));
}

TEST_P(Xrun, IsAnsweredByEveryCallAndEndsWithPrepare) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(reaches_state(pcm_.get(), SND_PCM_STATE_XRUN));
  EXPECT_EQ(move(10), -EPIPE);
  EXPECT_EQ(snd_pcm_avail_update(pcm_.get()), -EPIPE);
  EXPECT_EQ(snd_pcm_avail(pcm_.get()), -EPIPE);
  EXPECT_EQ(snd_pcm_wait(pcm_.get(), kWatchdogMs), -EPIPE);
  snd_pcm_sframes_t delay = 0;
  EXPECT_EQ(snd_pcm_delay(pcm_.get(), &delay), -EPIPE);
  EXPECT_EQ(snd_pcm_start(pcm_.get()), -EPIPE);
  EXPECT_EQ(snd_pcm_pause(pcm_.get(), 1), -EBADFD);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_XRUN);
  EXPECT_EQ(snd_pcm_prepare(pcm_.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_PREPARED);
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(snd_pcm_drop(pcm_.get()), 0);
}

TEST_P(Xrun, EndsWithDropInSetup) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(reaches_state(pcm_.get(), SND_PCM_STATE_XRUN));
  EXPECT_EQ(snd_pcm_drop(pcm_.get()), 0);
  EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
}

TEST_P(Xrun, WakesASleeperThatWantsMoreThanThereWillBe) {
  setup_.avail_min = 2 * setup_.buffer_size;
  ASSERT_EQ(set_sw_params(pcm_.get(), setup_), 0);
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(snd_pcm_wait(pcm_.get(), kWatchdogMs), -EPIPE);
}

TEST_P(Xrun, ComesBetweenTicksWhereThePositionIsAskedFor) {
  PcmSetup setup;
  setup.period_size = 24000;  // half a second
  setup.buffer_size = 48000;
  setup.stop_threshold = playback() ? 48000 - 4800 + 2400 : 2400;
  ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup));
  if (playback()) {
    data_.resize(4800 * setup.layout.frame_bytes());
    ASSERT_EQ(write_frames(pcm_.get(), data_), 4800);
  }
  const int64_t start_ns = now_ns();
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  ASSERT_TRUE(eventually([&] { return snd_pcm_avail(pcm_.get()) == -EPIPE; }));
  EXPECT_GE(now_ns() - start_ns, setup.time_of(2400));
}

/// Repeats it many times, so that the drop comes before, during and after the other thread's poll.
TEST_P(Xrun, NoneButADropWakesWhoIsBlocked) {
  PcmSetup setup;
  setup.period_size = 24000;
  setup.buffer_size = 48000;
  setup.start_threshold = playback() ? setup.buffer_size : 1;
  data_.resize(2 * setup.buffer_size * setup.layout.frame_bytes());
  constexpr int64_t kMostYieldedNs = 5'000'000;  // each yield may take long on a busy machine
  const auto drop_after = [&](int yields) {
    configure(pcm_.get(), setup);
    snd_pcm_sframes_t answer = 0;
    const int64_t start_ns = now_ns();
    std::thread blocked([&] { answer = move(2 * setup.buffer_size); });
    const bool runs = reaches_state(pcm_.get(), SND_PCM_STATE_RUNNING);
    const int64_t yielded_ns = now_ns() + kMostYieldedNs;
    for (int i = 0; i < yields && now_ns() < yielded_ns; ++i) std::this_thread::yield();
    EXPECT_EQ(snd_pcm_drop(pcm_.get()), 0);
    const bool late = now_ns() - start_ns >= setup.time_of(setup.period_size);
    blocked.join();
    EXPECT_TRUE(runs);
    EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
    if (late) return Look::too_late;
    EXPECT_LT(answer, static_cast<snd_pcm_sframes_t>(2 * setup.buffer_size));
    return Look::in_time;
  };
  for (int turn = 0; turn < 60 && !HasFailure(); ++turn) {
    look_in_time([&] { return drop_after(turn); });
  }
}

INSTANTIATE_TEST_SUITE_P(Alsa, Xrun,
                         ::testing::Values(SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE),
                         [](const auto& stream) {
                           return stream.param == SND_PCM_STREAM_PLAYBACK ? "Playback" : "Capture";
                         });

/// The card finds the xrun at the next tick. By then the hardware has passed the end of the written
/// frames.
void expect_recorded_through_xruns(const Arguments& extra) {
  constexpr size_t kOdd = 1111;
  const TemporaryDirectory directory;
  const std::string path = directory.file("played.raw");
  const std::string report = directory.file("report.json");
  Arguments arguments{{"FILE", path}, {"REPORT", report}};
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  PcmSetup setup;
  setup.period_size = 480;
  setup.buffer_size = 4800;
  Pcm pcm = open_playback(arguments);
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  for (uint64_t turn = 0; turn < 3; ++turn) {
    ASSERT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, turn * kOdd, kOdd)), kOdd);
    ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
    ASSERT_TRUE(reaches_state(pcm.get(), SND_PCM_STATE_XRUN));
    ASSERT_EQ(snd_pcm_prepare(pcm.get()), 0);
  }
  pcm.reset();
  const auto all = pattern_frames(setup.layout, 0, 3 * kOdd);
  EXPECT_EQ(first_difference(setup.layout, all, read_file(path)), "");
  EXPECT_EQ(ReportLine(report).numbers("xrun_frames"),
            std::vector<int64_t>({kOdd, 2 * kOdd, 3 * kOdd}));
}

TEST(XrunRecording, HoldsWhatWasWrittenAndNoLeftovers) { expect_recorded_through_xruns({}); }

TEST(XrunRecording, HoldsWhatWasInTheFifo) { expect_recorded_through_xruns({{"FIFO", "100"}}); }

TEST(XrunRecording, HoldsNoLeftoversWhenInterruptsAreLate) {
  expect_recorded_through_xruns({{"FAULTS", "slow_callback=44ms"}});
}

/// The streams have more samples than the machine can make in time: 400 million a second on one
/// thread. No program reads, so each stream has its overrun after 21 ms. No call may hang before
/// that.
TEST(XrunOverload, EndsEveryStreamAndLetsEveryCallReturn) {
  PcmSetup setup;
  setup.layout = {.format = SND_PCM_FORMAT_FLOAT64_LE, .channels = 32};
  setup.rate_hz = 768000;
  setup.period_size = 2048;
  setup.buffer_size = 8 * 2048;
  Arguments arguments = limits_for(setup);
  arguments.emplace_back("SOURCE", "counter");
  arguments.emplace_back("COMPLETION", "shared");
  std::vector<Pcm> pcms;
  for (int i = 0; i < 16; ++i) {
    pcms.push_back(open_capture(arguments));
    ASSERT_TRUE(pcms.back());
    ASSERT_NO_FATAL_FAILURE(configure(pcms.back().get(), setup));
  }
  for (const Pcm& pcm : pcms) ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  for (const Pcm& pcm : pcms) EXPECT_TRUE(reaches_state(pcm.get(), SND_PCM_STATE_XRUN));
}

}  // namespace
}  // namespace dmasim::test
