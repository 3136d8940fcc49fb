// SPDX-License-Identifier: LGPL-2.1-or-later
/// The answers of single calls for which a program may rely on the kernel's answer.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

/// The events of a poll() that does not wait, translated by ALSA.
unsigned short poll_now(snd_pcm_t* pcm) {
  pollfd descriptor{};
  EXPECT_EQ(snd_pcm_poll_descriptors(pcm, &descriptor, 1), 1);
  EXPECT_EQ(poll(&descriptor, 1, 0), 1);
  unsigned short events = 0;
  EXPECT_EQ(snd_pcm_poll_descriptors_revents(pcm, &descriptor, 1, &events), 0);
  return events;
}

TEST(Answers, APcmThatIsOnlyOpenPollsAsReadyWithAnError) {
  const Pcm playback = open_playback({});
  ASSERT_TRUE(playback);
  EXPECT_EQ(poll_now(playback.get()), POLLOUT | POLLERR);
  const Pcm capture = open_capture({});
  ASSERT_TRUE(capture);
  EXPECT_EQ(poll_now(capture.get()), POLLIN | POLLERR);
}

TEST(Answers, DelayIsRefusedWhereNothingIsPrepared) {
  for (const snd_pcm_stream_t stream : {SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE}) {
    const Opened opened = try_open({}, stream);
    ASSERT_EQ(opened.error, 0);
    snd_pcm_t* pcm = opened.pcm.get();
    ASSERT_NO_FATAL_FAILURE(configure(pcm, {}));
    snd_pcm_sframes_t delay = -1;
    EXPECT_EQ(snd_pcm_delay(pcm, &delay), 0);
    EXPECT_EQ(delay, 0);
    ASSERT_EQ(snd_pcm_drop(pcm), 0);
    EXPECT_EQ(snd_pcm_delay(pcm, &delay), -EBADFD);
  }
}

TEST(Answers, SilenceThatCannotBeIsRefused) {
  const Pcm pcm = open_playback({});
  ASSERT_TRUE(pcm);
  PcmSetup setup;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const auto answer = [&](snd_pcm_uframes_t threshold, snd_pcm_uframes_t size) {
    setup.silence_threshold = threshold;
    setup.silence_size = size;
    return set_sw_params(pcm.get(), setup);
  };
  EXPECT_EQ(answer(0, 4800), -EINVAL) << "more than what calls for it";
  EXPECT_EQ(answer(4800, 9600), -EINVAL) << "more than what calls for it";
  EXPECT_EQ(answer(4800, kBoundary), -EINVAL) << "endless, with a threshold";
  EXPECT_EQ(answer(4800, 4800), 0);
  EXPECT_EQ(answer(4800, 480), 0);
  EXPECT_EQ(answer(0, kBoundary), 0);
  EXPECT_EQ(answer(0, 0), 0);
}

TEST(Answers, SwParamsThatMakeAnXrunSaySo) {
  const Pcm pcm = open_playback({});
  ASSERT_TRUE(pcm);
  PcmSetup setup;
  setup.period_size = 480;
  setup.buffer_size = 4800;
  setup.stop_threshold = kBoundary;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  ASSERT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, 0, 480)), 480);
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  ASSERT_TRUE(eventually([&] { return snd_pcm_avail(pcm.get()) > 4800; }));
  ASSERT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_RUNNING);
  setup.stop_threshold = 4800;
  EXPECT_EQ(set_sw_params(pcm.get(), setup), -EPIPE);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_XRUN);
}

std::vector<std::byte> end_of(const std::vector<std::byte>& all, size_t bytes) {
  return {all.end() - static_cast<std::ptrdiff_t>(std::min(bytes, all.size())), all.end()};
}

/// aplay -T 5 computes a stop_threshold of 0 from 5 microseconds.
TEST(Answers, AStopThresholdOfZeroLetsAStreamPlay) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("played.raw");
  Pcm pcm = open_playback({{"FILE", path}});
  ASSERT_TRUE(pcm);
  const PcmSetup setup;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  snd_pcm_sw_params_t* sw = nullptr;
  snd_pcm_sw_params_alloca(&sw);
  ASSERT_EQ(snd_pcm_sw_params_current(pcm.get(), sw), 0);
  ASSERT_EQ(snd_pcm_sw_params_set_stop_threshold(pcm.get(), sw, 0), 0);
  ASSERT_EQ(snd_pcm_sw_params(pcm.get(), sw), 0);
  look_in_time([&] {
    snd_pcm_drop(pcm.get());  // of an earlier look
    EXPECT_EQ(snd_pcm_prepare(pcm.get()), 0);
    EXPECT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, 0, 6000)), 6000);
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(pcm.get()), 0);
    EXPECT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, 6000, 6000)), 6000);
    EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_RUNNING);
    return now_ns() - start_ns < setup.time_of(6000) ? Look::in_time : Look::too_late;
  });
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  pcm.reset();
  const auto all = pattern_frames(setup.layout, 0, 12000);
  EXPECT_EQ(first_difference(setup.layout, all, end_of(read_file(path), all.size())), "");
}

TEST(Answers, AMappedBufferMayStillBeWrittenInXrun) {
  const Pcm pcm = open_playback({});
  ASSERT_TRUE(pcm);
  PcmSetup setup;
  setup.access = SND_PCM_ACCESS_MMAP_INTERLEAVED;
  setup.period_size = 480;
  setup.buffer_size = 4800;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const auto commit = [&](snd_pcm_uframes_t frames) -> snd_pcm_sframes_t {
    const snd_pcm_channel_area_t* areas = nullptr;
    snd_pcm_uframes_t offset = 0;
    EXPECT_EQ(snd_pcm_mmap_begin(pcm.get(), &areas, &offset, &frames), 0);
    return snd_pcm_mmap_commit(pcm.get(), offset, frames);
  };
  ASSERT_EQ(snd_pcm_avail_update(pcm.get()), 4800);
  ASSERT_EQ(commit(480), 480);
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  ASSERT_TRUE(reaches_state(pcm.get(), SND_PCM_STATE_XRUN));
  EXPECT_EQ(commit(480), 480);
  EXPECT_EQ(snd_pcm_avail_update(pcm.get()), -EPIPE);
  EXPECT_EQ(snd_pcm_prepare(pcm.get()), 0);
}

/// As on a card whose memory is mapped, a change after the commit is played too.
TEST(Answers, WhatIsMappedMayChangeUntilTheStart) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("played.raw");
  const Pcm pcm = open_playback({{"FILE", path}});
  ASSERT_TRUE(pcm);
  PcmSetup setup;
  setup.access = SND_PCM_ACCESS_MMAP_INTERLEAVED;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const snd_pcm_channel_area_t* areas = nullptr;
  snd_pcm_uframes_t offset = 0;
  snd_pcm_uframes_t frames = 9600;
  ASSERT_EQ(snd_pcm_avail_update(pcm.get()), setup.buffer_size);
  ASSERT_EQ(snd_pcm_mmap_begin(pcm.get(), &areas, &offset, &frames), 0);
  ASSERT_EQ(frames, 9600U);
  ASSERT_EQ(snd_pcm_mmap_commit(pcm.get(), offset, frames), 9600);
  const auto data = pattern_frames(setup.layout, 0, frames);
  std::copy(data.begin(), data.end(), static_cast<std::byte*>(areas[0].addr));
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_EQ(first_difference(setup.layout, data, read_file(path)), "");
}

/// alsa-lib first reads its own copy of the position. This copy must be of the moment of the
/// wake-up.
TEST(Answers, WhoWasWokenKnowsThePosition) {
  const Pcm pcm = open_playback({});
  ASSERT_TRUE(pcm);
  PcmSetup setup;
  setup.period_size = 480;
  setup.buffer_size = 14400;
  look_in_time([&] {
    snd_pcm_drop(pcm.get());  // of an earlier look
    configure(pcm.get(), setup);
    EXPECT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, 0, 14400)), 14400);
    EXPECT_EQ(snd_pcm_wait(pcm.get(), 0), 0) << "there is no room";
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(pcm.get()), 0);
    const int woken = snd_pcm_wait(pcm.get(), kWatchdogMs);
    if (woken == -EPIPE) return late_by_xrun(setup, start_ns, setup.buffer_size);
    EXPECT_EQ(woken, 1);
    EXPECT_LE(snd_pcm_rewindable(pcm.get()), 14400 - 480);
    return Look::in_time;
  });
  ASSERT_EQ(snd_pcm_drop(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_wait(pcm.get(), 0), 1) << "there was room, and nothing runs";
}

/// The position and the delay of one status are of one moment. A call that the machine interrupts
/// for longer than a moment is not checked.
TEST(Answers, AStatusIsOfOneMoment) {
  constexpr int64_t kMomentNs = 100'000;
  constexpr int kEnough = 1000;
  const Pcm pcm = open_playback({});
  ASSERT_TRUE(pcm);
  const PcmSetup setup;
  snd_pcm_status_t* status = nullptr;
  snd_pcm_status_alloca(&status);
  look_in_time([&] {
    snd_pcm_drop(pcm.get());  // of an earlier look
    configure(pcm.get(), setup);
    EXPECT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, 0, 48000)), 48000);
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(pcm.get()), 0);
    for (int judged = 0; judged < kEnough && !::testing::Test::HasFailure();) {
      const int64_t before_ns = now_ns();
      EXPECT_EQ(snd_pcm_status(pcm.get(), status), 0);
      if (snd_pcm_status_get_state(status) != SND_PCM_STATE_RUNNING) {
        return late_by_xrun(setup, start_ns, setup.buffer_size);
      }
      if (now_ns() - before_ns >= kMomentNs) continue;
      const auto avail = static_cast<snd_pcm_sframes_t>(snd_pcm_status_get_avail(status));
      EXPECT_EQ(avail + snd_pcm_status_get_delay(status), 48000);
      ++judged;
    }
    return Look::in_time;
  });
}

TEST(Answers, DumpShowsThePositions) {
  const Pcm pcm = open_playback({});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
  ASSERT_EQ(write_frames(pcm.get(), pattern_frames({}, 0, 1234)), 1234);
  snd_output_t* output = nullptr;
  ASSERT_EQ(snd_output_buffer_open(&output), 0);
  ASSERT_GE(snd_pcm_dump(pcm.get(), output), 0);
  char* text = nullptr;
  const size_t size = snd_output_buffer_string(output, &text);
  const std::string dump(text, size);
  snd_output_close(output);
  EXPECT_NE(dump.find("\n  appl_ptr     : 1234\n"), std::string::npos) << dump;
  EXPECT_NE(dump.find("\n  hw_ptr       : 0\n"), std::string::npos) << dump;
}

TEST(Answers, TheCardSaysThatItCanPauseAndResume) {
  const Pcm pcm = open_playback({});
  ASSERT_TRUE(pcm);
  snd_pcm_hw_params_t* hw = nullptr;
  snd_pcm_hw_params_alloca(&hw);
  ASSERT_GE(snd_pcm_hw_params_any(pcm.get(), hw), 0);
  EXPECT_EQ(snd_pcm_hw_params_can_pause(hw), 1);
  EXPECT_EQ(snd_pcm_hw_params_can_resume(hw), 1);
}

}  // namespace
}  // namespace dmasim::test
