// SPDX-License-Identifier: LGPL-2.1-or-later
/// CLOCK=freerun: the card goes as fast as the program, and nothing else changes.
#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

class Freerun : public ::testing::Test {
 protected:
  [[nodiscard]] Pcm open(snd_pcm_stream_t stream, Arguments arguments = {}, int mode = 0) const {
    arguments.emplace_back("CLOCK", "freerun");
    Pcm pcm = stream == SND_PCM_STREAM_PLAYBACK ? open_playback(arguments, mode)
                                                : open_capture(arguments, mode);
    if (pcm) configure(pcm.get(), setup_);
    return pcm;
  }
  [[nodiscard]] Pcm playback(Arguments arguments = {}, int mode = 0) const {
    return open(SND_PCM_STREAM_PLAYBACK, std::move(arguments), mode);
  }
  void expect_recorded(const std::vector<std::byte>& data) const {
    EXPECT_EQ(first_difference(setup_.layout, data, read_file(path_)), "");
  }

  PcmSetup setup_{.period_size = 256, .buffer_size = 1024, .start_threshold = 1024};
  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("played.raw");
};

constexpr size_t kMinute = size_t{60} * 48000;

TEST_F(Freerun, AMinuteIsPlayedInLessThanAMinuteBitForBit) {
  const Pcm pcm = playback({{"FILE", path_}});
  ASSERT_TRUE(pcm);
  const auto data = pattern_frames(setup_.layout, 0, kMinute);
  const int64_t begun_ns = now_ns();
  ASSERT_EQ(write_frames(pcm.get(), data), static_cast<snd_pcm_sframes_t>(kMinute));
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_LT(now_ns() - begun_ns, setup_.time_of(kMinute) / 3);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_SETUP);
  expect_recorded(data);
}

TEST_F(Freerun, AShortSoundIsPlayedByTheDrain) {
  const Pcm pcm = playback({{"FILE", path_}});
  ASSERT_TRUE(pcm);
  const auto data = pattern_frames(setup_.layout, 0, 100);
  ASSERT_EQ(write_frames(pcm.get(), data), 100);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  expect_recorded(data);
}

/// The program writes when poll() says so, and asks alsa-lib for the events.
TEST_F(Freerun, AProgramThatPollsPlaysBitForBit) {
  Pcm pcm = playback({{"FILE", path_}}, SND_PCM_NONBLOCK);
  ASSERT_TRUE(pcm);
  const auto data = pattern_frames(setup_.layout, 0, 100'000);
  const size_t frame = setup_.layout.frame_bytes();
  size_t done = 0;
  while (done < 100'000) {
    const snd_pcm_sframes_t wrote =
        snd_pcm_writei(pcm.get(), data.data() + done * frame, 100'000 - done);
    if (wrote > 0) {
      done += static_cast<size_t>(wrote);
      continue;
    }
    ASSERT_EQ(wrote, -EAGAIN);
    ASSERT_EQ(snd_pcm_wait(pcm.get(), kWatchdogMs), 1);
  }
  while (snd_pcm_drain(pcm.get()) == -EAGAIN) {
    static_cast<void>(snd_pcm_wait(pcm.get(), kWatchdogMs));
  }
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_SETUP);
  pcm.reset();  // a non-blocking drain does not wait for the file
  expect_recorded(data);
}

TEST_F(Freerun, AMappedProgramPlaysBitForBit) {
  setup_.access = SND_PCM_ACCESS_MMAP_INTERLEAVED;
  const Pcm pcm = playback({{"FILE", path_}});
  ASSERT_TRUE(pcm);
  const auto data = pattern_frames(setup_.layout, 0, 100'000);
  ASSERT_EQ(snd_pcm_mmap_writei(pcm.get(), data.data(), 100'000), 100'000);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  expect_recorded(data);
}

TEST_F(Freerun, ACaptureGetsEveryFrameOfASoundFile) {
  const auto data = pattern_frames(setup_.layout, 0, kMinute);
  const std::string sound = directory_.file("sound.wav");
  {
    const Pcm pcm = playback({{"FILE", sound}});
    ASSERT_TRUE(pcm);
    ASSERT_EQ(write_frames(pcm.get(), data), static_cast<snd_pcm_sframes_t>(kMinute));
    ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  }
  const Pcm pcm = open(SND_PCM_STREAM_CAPTURE, {{"SOURCE", sound}});
  ASSERT_TRUE(pcm);
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  std::vector<std::byte> got(data.size());
  ASSERT_EQ(snd_pcm_readi(pcm.get(), got.data(), kMinute), static_cast<snd_pcm_sframes_t>(kMinute));
  EXPECT_EQ(first_difference(setup_.layout, data, got), "");
}

TEST_F(Freerun, AProgramThatOnlyAsksGetsAnUnderrun) {
  const Pcm pcm = playback({{"FILE", path_}});
  ASSERT_TRUE(pcm);
  const auto data = pattern_frames(setup_.layout, 0, 1024);
  ASSERT_EQ(write_frames(pcm.get(), data), 1024);
  int asked = 0;
  while (snd_pcm_avail(pcm.get()) >= 0 && asked < 1000) ++asked;
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_XRUN);
  EXPECT_LT(asked, 100);
  ASSERT_EQ(snd_pcm_prepare(pcm.get()), 0);
  ASSERT_EQ(write_frames(pcm.get(), data), 1024);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  auto twice = data;
  twice.insert(twice.end(), data.begin(), data.end());
  expect_recorded(twice);
}

/// The positions that a program sees, and what it does with them.
std::vector<snd_pcm_sframes_t> log_of_positions(snd_pcm_t* pcm) {
  std::vector<snd_pcm_sframes_t> seen;
  const auto data = pattern_frames({}, 0, 1024);
  for (int i = 0; i < 500; ++i) {
    const snd_pcm_sframes_t avail = snd_pcm_avail_update(pcm);
    snd_pcm_sframes_t delay = -1;
    snd_pcm_delay(pcm, &delay);
    seen.insert(seen.end(), {avail, delay});
    const auto frames = static_cast<snd_pcm_uframes_t>(i * 37 % 900 + 1);
    seen.push_back(snd_pcm_writei(pcm, data.data(), frames));
    if (i % 50 == 49) seen.push_back(snd_pcm_wait(pcm, kWatchdogMs));
  }
  return seen;
}

TEST_F(Freerun, TwoRunsSeeTheSamePositions) {
  const Pcm first = playback();
  const Pcm second = playback();
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(log_of_positions(first.get()), log_of_positions(second.get()));
}

size_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST_F(Freerun, StartsNoThreadForTheHardware) {
  const size_t before = threads();
  const Pcm pcm = playback();
  ASSERT_TRUE(pcm);
  const auto data = pattern_frames(setup_.layout, 0, 5000);
  ASSERT_EQ(write_frames(pcm.get(), data), 5000);
  EXPECT_EQ(threads(), before);
}

TEST_F(Freerun, IsRefusedWithACableOrWithFaults) {
  for (const auto& [key, value] : {std::pair{"CABLE", "wire"}, {"FAULTS", "slow_callback=1ms"}}) {
    const ErrorLog log;
    const Arguments arguments{{"CLOCK", "freerun"}, {key, value}};
    EXPECT_EQ(try_open(arguments, SND_PCM_STREAM_PLAYBACK).error, -EINVAL);
    EXPECT_NE(log.text().find("clock = \"freerun\" and"), std::string::npos) << log.text();
  }
}

TEST_F(Freerun, IsTheClockOfDmasimFast) {
  snd_pcm_t* raw = nullptr;
  ASSERT_EQ(snd_pcm_open(&raw, "dmasim_fast", SND_PCM_STREAM_PLAYBACK, 0), 0);
  const Pcm pcm(raw);
  ASSERT_NO_FATAL_FAILURE(configure(raw, setup_));
  const auto data = pattern_frames(setup_.layout, 0, kMinute);
  const int64_t begun_ns = now_ns();
  ASSERT_EQ(write_frames(raw, data), static_cast<snd_pcm_sframes_t>(kMinute));
  EXPECT_LT(now_ns() - begun_ns, setup_.time_of(kMinute) / 3);
}

class ScaledClock : public ::testing::TestWithParam<const char*> {};

/// The bytes are those of real time, and so is the number of periods.
TEST_P(ScaledClock, PlaysAndCapturesBitForBit) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("played.raw");
  const PcmSetup setup{.start_threshold = 48000};
  const Pcm pcm = open_playback({{"FILE", path}, {"CLOCK", GetParam()}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const auto data = pattern_frames(setup.layout, 0, 10'000);
  ASSERT_EQ(write_frames(pcm.get(), data), 10'000);
  const int64_t begun_ns = now_ns();
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  const double speed = std::stod(std::string(GetParam()).substr(1));
  EXPECT_GE(static_cast<double>(now_ns() - begun_ns),
            static_cast<double>(setup.time_of(10'000)) / speed);
  EXPECT_EQ(first_difference(setup.layout, data, read_file(path)), "");
}

INSTANTIATE_TEST_SUITE_P(Alsa, ScaledClock, ::testing::Values("x0.5", "x4", "x25"));

TEST(ScaledClockWarning, ComesOnceForPeriodsBelowATenthOfAMillisecond) {
  const ErrorLog log;
  for (const char* clock : {"x4", "x40", "x50"}) {
    const Pcm pcm = open_playback({{"CLOCK", clock}});
    ASSERT_TRUE(pcm);
    ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {.period_size = 128, .buffer_size = 4096}));
    const bool fast = std::string(clock) != "x4";
    EXPECT_EQ(log.text().find("128 frames at 48000 Hz lasts 67 us") != std::string::npos, fast);
    EXPECT_EQ(log.text().find("lasts 53 us"), std::string::npos) << "said once";
  }
}

TEST(ScaledClockError, NamesWhatIsAccepted) {
  for (const char* clock : {"x0", "x101", "4", "fast"}) {
    const ErrorLog log;
    EXPECT_EQ(try_open({{"CLOCK", clock}}, SND_PCM_STREAM_PLAYBACK).error, -EINVAL) << clock;
    EXPECT_NE(log.text().find("0.01 to 100"), std::string::npos) << log.text();
  }
}

}  // namespace
}  // namespace dmasim::test
