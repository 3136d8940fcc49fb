// SPDX-License-Identifier: LGPL-2.1-or-later
/// Positions against CLOCK_MONOTONIC, to the frame.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "tests/alsa/bracket.h"
#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

/// Checks a position that was read within `ask`, of a stream that was started within `start`.
void expect_on_time(int64_t position, const Bracket& start, const Bracket& ask, double rate_hz,
                    int64_t most) {
  const PositionRange range = position_range(start, ask, rate_hz);
  EXPECT_GE(position, std::min(range.least, most));
  EXPECT_LE(position, range.most);
}

/// Plays a second from one buffer, and reads the delay again and again.
void expect_a_second_on_time(const Arguments& arguments, double true_rate_hz) {
  PcmSetup setup;
  setup.buffer_size = 2 * setup.rate_hz;
  setup.period_size = setup.buffer_size / 20;
  const Pcm pcm = open_playback(arguments);
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const int64_t frames = setup.rate_hz;
  const auto data = pattern_frames(setup.layout, 0, static_cast<size_t>(frames));
  ASSERT_EQ(write_frames(pcm.get(), data), frames);
  const Bracket start = bracket([&] { ASSERT_EQ(snd_pcm_start(pcm.get()), 0); });
  int64_t previous = 0;
  int asked = 0;
  while (!::testing::Test::HasFailure()) {
    snd_pcm_sframes_t delay = 0;
    int answer = 0;
    const Bracket ask = bracket([&] { answer = snd_pcm_delay(pcm.get(), &delay); });
    if (answer == -EPIPE) break;
    ASSERT_EQ(answer, 0);
    const int64_t position = frames - delay;
    expect_on_time(position, start, ask, true_rate_hz, INT64_MAX);
    EXPECT_GE(position, previous) << "backwards";
    previous = position;
    ++asked;
  }
  EXPECT_GT(asked, 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_XRUN);
  EXPECT_GE(now_ns() - start.before_ns,
            static_cast<int64_t>(1e9 * static_cast<double>(frames) / true_rate_hz));
}

TEST(Position, OfPlaybackIsTheTimeTimesTheRate) { expect_a_second_on_time({}, 48000); }

TEST(Position, OfAFastCardIsFaster) { expect_a_second_on_time({{"PPM", "100000"}}, 52800); }

TEST(Position, OfASlowCardIsSlower) { expect_a_second_on_time({{"PPM", "-50000"}}, 45600); }

/// A stream with one second of frames, all of them in its buffer.
class PositionOfASecond : public ::testing::Test {
 protected:
  PositionOfASecond() { expect_a_look(); }
  void prepare(Pcm pcm) {
    pcm_ = std::move(pcm);
    ASSERT_TRUE(pcm_);
    ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
  }
  void start() {
    start_ = bracket([&] { ASSERT_EQ(snd_pcm_start(pcm_.get()), 0); });
  }
  void expect_now(int64_t position, const Bracket& ask) const {
    expect_on_time(position, start_, ask, setup_.rate_hz, frames_);
  }
  /// The second of two calls in a row may answer the position of the first.
  void expect_now_or_as_before(int64_t position, const Bracket& before, const Bracket& ask) const {
    expect_now(position, {.before_ns = before.before_ns, .after_ns = ask.after_ns});
  }
  /// For an xrun: this thread has slept until the second was over.
  Look late() const { return late_by_xrun(setup_, start_.before_ns, setup_.buffer_size); }

  const PcmSetup setup_;
  const int64_t frames_ = static_cast<int64_t>(setup_.buffer_size);
  Pcm pcm_;
  Bracket start_;
};

TEST_F(PositionOfASecond, OfPlaybackIsWhatStatusAndAvailReport) {
  snd_pcm_status_t* status = nullptr;
  snd_pcm_status_alloca(&status);
  look_in_time([&] {
    prepare(open_playback({}));
    const auto data = pattern_frames(setup_.layout, 0, setup_.buffer_size);
    EXPECT_EQ(write_frames(pcm_.get(), data), frames_);
    start();
    Bracket second = start_;
    for (int64_t position = 0; position < frames_ / 4 && !HasFailure();) {
      snd_pcm_sframes_t avail = 0;
      const Bracket first = bracket([&] { avail = snd_pcm_avail(pcm_.get()); });
      if (avail == -EPIPE) return late();
      expect_now_or_as_before(avail, second, first);
      second = bracket([&] { EXPECT_EQ(snd_pcm_status(pcm_.get(), status), 0); });
      if (snd_pcm_status_get_state(status) == SND_PCM_STATE_XRUN) return late();
      position = static_cast<int64_t>(snd_pcm_status_get_avail(status));
      expect_now_or_as_before(position, first, second);
      EXPECT_GE(snd_pcm_status_get_delay(status), 0);
      EXPECT_LE(snd_pcm_status_get_delay(status), frames_ - position);
    }
    return Look::in_time;
  });
}

TEST_F(PositionOfASecond, OfCaptureIsTheTimeTimesTheRate) {
  look_in_time([&] {
    prepare(open_capture({}));
    start();
    for (int64_t position = 0; position < frames_ / 2 && !HasFailure();) {
      snd_pcm_sframes_t delay = 0;
      int answer = 0;
      const Bracket ask = bracket([&] { answer = snd_pcm_delay(pcm_.get(), &delay); });
      if (answer == -EPIPE) return late();
      EXPECT_EQ(answer, 0);
      expect_now(delay, ask);
      position = delay;
    }
    return Look::in_time;
  });
}

TEST(Position, WithAFifoIsBehindByItsDepth) {
  constexpr snd_pcm_sframes_t kFifoFrames = 480;
  const PcmSetup setup;
  const TemporaryDirectory directory;
  const std::string path = directory.file("played.raw");
  const Pcm pcm = open_playback({{"FIFO", std::to_string(kFifoFrames)}, {"FILE", path}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const auto data = pattern_frames(setup.layout, 0, 24000);
  ASSERT_EQ(write_frames(pcm.get(), data), 24000);
  const int64_t before_ns = now_ns();
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  ASSERT_TRUE(eventually([&] { return snd_pcm_avail(pcm.get()) > 26000; }));
  snd_pcm_sframes_t avail = 0;
  snd_pcm_sframes_t delay = 0;
  ASSERT_EQ(snd_pcm_avail_delay(pcm.get(), &avail, &delay), 0);
  EXPECT_LE(delay, 48000 - avail + kFifoFrames);
  EXPECT_GE(delay, kFifoFrames);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_GE(now_ns() - before_ns, setup.time_of(24000 + kFifoFrames));
  EXPECT_EQ(first_difference(setup.layout, data, read_file(path)), "");
}

TEST(Position, OfCaptureWithAFifoCountsWhatIsInIt) {
  constexpr snd_pcm_sframes_t kFifoFrames = 2400;
  const PcmSetup setup;
  const Pcm pcm = open_capture({{"FIFO", std::to_string(kFifoFrames)}, {"SOURCE", "counter"}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const int64_t before_ns = now_ns();
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  std::vector<std::byte> got(3000 * setup.layout.frame_bytes());
  ASSERT_EQ(snd_pcm_readi(pcm.get(), got.data(), 3000), 3000);
  EXPECT_GE(now_ns() - before_ns, setup.time_of(3000 + kFifoFrames));
  EXPECT_EQ(first_difference(setup.layout, counter_frames(setup.layout, 0, 3000), got), "");
  snd_pcm_sframes_t avail = 0;
  snd_pcm_sframes_t delay = 0;
  ASSERT_EQ(snd_pcm_avail_delay(pcm.get(), &avail, &delay), 0);
  EXPECT_GE(delay, avail + kFifoFrames);
}

TEST(Pause, FreezesThePositionAndLosesNothing) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("played.raw");
  const PcmSetup setup;
  const Pcm pcm = open_playback({{"FILE", path}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const auto data = pattern_frames(setup.layout, 0, 24000);
  ASSERT_EQ(write_frames(pcm.get(), data), 24000);
  const int64_t start_ns = now_ns();
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  int64_t paused_ns = 0;
  for (int turn = 1; turn <= 5; ++turn) {
    const snd_pcm_sframes_t base = 48000 - 24000;
    ASSERT_TRUE(eventually([&] { return snd_pcm_avail(pcm.get()) > base + turn * 2500; }));
    ASSERT_EQ(snd_pcm_pause(pcm.get(), 1), 0);
    const int64_t frozen_ns = now_ns();
    const snd_pcm_sframes_t avail = snd_pcm_avail(pcm.get());
    snd_pcm_sframes_t delay = 0;
    while (now_ns() - frozen_ns < 20'000'000) {
      ASSERT_EQ(snd_pcm_avail(pcm.get()), avail);
      ASSERT_EQ(snd_pcm_delay(pcm.get(), &delay), 0);
      ASSERT_EQ(delay, 48000 - avail);
      ASSERT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_PAUSED);
    }
    paused_ns += now_ns() - frozen_ns;
    ASSERT_EQ(snd_pcm_pause(pcm.get(), 0), 0);
  }
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_GE(now_ns() - start_ns, setup.time_of(24000) + paused_ns);
  EXPECT_EQ(first_difference(setup.layout, data, read_file(path)), "");
}

TEST(Pause, OfCaptureLosesNothing) {
  const PcmSetup setup;
  const Pcm pcm = open_capture({{"SOURCE", "counter"}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  std::vector<std::byte> got(3000 * setup.layout.frame_bytes());
  for (uint64_t first = 0; first < 15000; first += 3000) {
    ASSERT_EQ(snd_pcm_readi(pcm.get(), got.data(), 3000), 3000);
    ASSERT_EQ(first_difference(setup.layout, counter_frames(setup.layout, first, 3000), got), "");
    ASSERT_EQ(snd_pcm_pause(pcm.get(), 1), 0);
    const snd_pcm_sframes_t avail = snd_pcm_avail(pcm.get());
    ASSERT_EQ(snd_pcm_avail(pcm.get()), avail);
    ASSERT_EQ(snd_pcm_pause(pcm.get(), 0), 0);
  }
}

}  // namespace
}  // namespace dmasim::test
