// SPDX-License-Identifier: LGPL-2.1-or-later
/// The clock of the time stamps: the one that alsa-lib names, and the one that they really have.
#include <gtest/gtest.h>

#include <ctime>
#include <optional>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

int64_t ns_of(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

int64_t ns_of_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return ns_of(time);
}

class TimeBase : public ::testing::Test {
 protected:
  /// Starts a stream. `type` is the time stamp type that the program sets; empty: it sets none.
  void start(std::optional<snd_pcm_tstamp_type_t> type) {
    pcm_ = open_playback({});
    ASSERT_TRUE(pcm_);
    ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
    if (type) {
      snd_pcm_sw_params_t* params = nullptr;
      snd_pcm_sw_params_alloca(&params);
      ASSERT_EQ(snd_pcm_sw_params_current(pcm_.get(), params), 0);
      ASSERT_EQ(snd_pcm_sw_params_set_tstamp_type(pcm_.get(), params, *type), 0);
      ASSERT_EQ(snd_pcm_sw_params(pcm_.get(), params), 0);
    }
    const auto data = pattern_frames(setup_.layout, 0, setup_.buffer_size);
    ASSERT_GT(write_frames(pcm_.get(), data), 0);
    ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  }
  /// Every time stamp lies between two readings of `clock`.
  void expect_stamps_of(clockid_t clock) {
    const int64_t before_ns = ns_of_clock(clock);
    snd_pcm_status_t* status = nullptr;
    snd_pcm_status_alloca(&status);
    ASSERT_EQ(snd_pcm_status(pcm_.get(), status), 0);
    snd_htimestamp_t of_status{};
    snd_pcm_status_get_htstamp(status, &of_status);
    snd_htimestamp_t of_start{};
    snd_pcm_status_get_trigger_htstamp(status, &of_start);
    snd_pcm_uframes_t avail = 0;
    snd_htimestamp_t of_call{};
    ASSERT_EQ(snd_pcm_htimestamp(pcm_.get(), &avail, &of_call), 0);
    const int64_t after_ns = ns_of_clock(clock);
    EXPECT_GE(ns_of(of_status), before_ns);
    EXPECT_LE(ns_of(of_status), after_ns);
    EXPECT_GE(ns_of(of_call), ns_of(of_status));
    EXPECT_LE(ns_of(of_call), after_ns);
    EXPECT_LE(ns_of(of_start), before_ns);
    EXPECT_GE(ns_of(of_start), before_ns - kWatchdogNs) << "of another clock";
  }

  const PcmSetup setup_{};
  Pcm pcm_;
};

/// At an underrun aplay reads the clock that alsa-lib names, and prints the time since the start.
TEST_F(TimeBase, IsTheTimeOfDayAsHwParamsSay) {
  ASSERT_NO_FATAL_FAILURE(start({}));
  snd_pcm_hw_params_t* params = nullptr;
  snd_pcm_hw_params_alloca(&params);
  ASSERT_EQ(snd_pcm_hw_params_current(pcm_.get(), params), 0);
  EXPECT_EQ(snd_pcm_hw_params_is_monotonic(params), 0);
  expect_stamps_of(CLOCK_REALTIME);
}

/// PipeWire and JACK set this type.
TEST_F(TimeBase, IsMonotonicForAProgramThatSetsThat) {
  ASSERT_NO_FATAL_FAILURE(start(SND_PCM_TSTAMP_TYPE_MONOTONIC));
  expect_stamps_of(CLOCK_MONOTONIC);
}

}  // namespace
}  // namespace dmasim::test
