// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which of the played frames a capture gets, and when. Only the test moves the time.
#include "engine/device/tee_sink.h"
#include "engine/recording/file_sink.h"
#include "tests/unit/cable/cable_fixture.h"

namespace dmasim {
namespace {

constexpr int64_t kStart = 10 * kSecondNs;

class Cable : public ::testing::Test {
 protected:
  static int64_t after(int64_t frames) { return kStart + frames * kFrameNs; }

  RuntimeDirectory directory_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(kStart);
};

TEST_F(Cable, IsSilentBeforeAndAfterAndExactBetween) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  EXPECT_EQ(listener.capture(5), captured(5, 0, 0, 0));
  Player player(clock_);
  player.play(100, 20, after(5));
  EXPECT_EQ(listener.capture(30), captured(1, 100, 20, 9)) << "a frame late";
  player.stop(20);
  EXPECT_EQ(listener.capture(4), captured(4, 0, 0, 0));
  EXPECT_EQ(listener.source->stats().read_frames, 39U);
  EXPECT_EQ(listener.source->stats().late_frames, 0U);
}

TEST_F(Cable, TheOffsetIsTheSameForEveryReadSizeAndStart) {
  Player player(clock_);
  int32_t first = 1000;
  int64_t begin = 0;
  for (const size_t piece : {1U, 2U, 7U, 16U, 50U}) {
    Listener listener(clock_);
    ASSERT_TRUE(listener.start(after(begin)));
    player.play(first, 40, after(begin + 3));
    std::vector<int32_t> all;
    while (all.size() < 50) {
      const auto part = listener.capture(std::min(piece, 50 - all.size()));
      all.insert(all.end(), part.begin(), part.end());
    }
    EXPECT_EQ(all, captured(4, first, 40, 6)) << "pieces of " << piece;
    player.stop(40);
    first += 1000;
    begin += 100;
  }
}

TEST_F(Cable, FractionsOfBothClocksNeitherRepeatNorDropAFrame) {
  constexpr PcmFormat kCd{.sample = SampleFormat::s32_le, .channels = 1, .rate_hz = 44100};
  std::vector<int64_t> shifts_ns;
  for (int64_t shift_ns = 0; shift_ns < 22'676; shift_ns += 1'013) shifts_ns.push_back(shift_ns);
  // At these shifts the edges of both clocks come together, after half a frame of the delay.
  for (int64_t shift_ns = 11'330; shift_ns < 11'345; ++shift_ns) shifts_ns.push_back(shift_ns);
  for (const int64_t shift_ns : shifts_ns) {
    Player player(clock_);
    ASSERT_TRUE(player.begin(1, kCd));
    FrameTime played(kCd.rate_hz, 0);
    played.start(kStart + shift_ns);
    player.commit(60);
    player.sink->timed()->run(played, 0, 0);
    FrameTime listened(kCd.rate_hz, 0);
    listened.start(kStart);
    const auto source = make_cable_source("test", clock_);
    ASSERT_TRUE(source->configure(kCd, 128));
    source->timed()->run(listened, 0);
    std::vector<int32_t> all(128);
    for (auto rest = std::span(all); !rest.empty(); rest = rest.subspan(1)) {
      source->read(std::as_writable_bytes(rest.first(1)));
    }
    const auto begin = std::find(all.begin(), all.end(), 1) - all.begin();
    EXPECT_TRUE(begin == 22 || begin == 23) << begin << ", shifted by " << shift_ns << " ns";
    EXPECT_EQ(all, captured(static_cast<size_t>(begin), 1, 60, static_cast<size_t>(68 - begin)));
    player.stop(60);
  }
}

TEST_F(Cable, WhatIsCommittedLaterIsCapturedFromThenOn) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 4, kStart);
  EXPECT_EQ(listener.capture(9), captured(1, 100, 4, 4))
      << "silence for what was not committed when due";
  player.commit(12);
  EXPECT_EQ(listener.capture(8), captured(0, 108, 4, 4)) << "in its place, as the card goes on";
}

TEST_F(Cable, WrapsAtTheEndOfItsRing) {
  constexpr uint64_t kStep = 24;  // some steps go over the ring's end, and one over the tape's end
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player(clock_).play(-1000, 5, kStart);  // takes five frames of the tape
  Player player(clock_);
  player.play(1, kRingFrames, kStart);
  EXPECT_EQ(listener.capture(1), captured(1, 0, 0, 0));
  const auto bytes = std::filesystem::file_size(directory_.file("test"));
  const size_t steps = bytes / sizeof(int32_t) * 2 / kStep;
  for (size_t i = 0; i < steps; ++i) {
    const auto from = static_cast<int32_t>(1 + i * kStep);
    ASSERT_EQ(listener.capture(kStep), captured(0, from, kStep, 0)) << i;
    player.commit(kRingFrames + (i + 1) * kStep);
  }
  EXPECT_EQ(std::filesystem::file_size(directory_.file("test")), bytes);
}

TEST_F(Cable, ManyReadersCaptureTheSame) {
  std::vector<std::unique_ptr<Listener>> listeners;
  for (int i = 0; i < 8; ++i) {
    listeners.push_back(std::make_unique<Listener>(clock_));
    ASSERT_TRUE(listeners.back()->start(after(i)));
  }
  Player player(clock_);
  player.play(500, 30, after(10));
  for (int i = 0; i < 8; ++i) {
    const auto before = static_cast<size_t>(11 - i);
    EXPECT_EQ(listeners[static_cast<size_t>(i)]->capture(50),
              captured(before, 500, 30, 20 - before));
  }
}

TEST_F(Cable, APauseIsSilenceAndNothingIsCapturedTwice) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 30, kStart);
  EXPECT_EQ(listener.capture(11), captured(1, 100, 10, 0));
  player.pause(after(8));  // the pause comes late: two more frames were captured already
  EXPECT_EQ(listener.capture(9), captured(9, 0, 0, 0));
  player.resume(after(20));
  EXPECT_EQ(listener.capture(25), captured(3, 110, 20, 2));
}

TEST_F(Cable, TheTailOfAStartIsCapturedThoughTheNextOneHasBegun) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 20, kStart);
  player.stop(20);
  player.play(200, 20, after(20));
  player.stop(5);
  player.play(300, 20, after(30));
  std::vector<int32_t> expected = captured(1, 100, 20, 0);
  for (const int32_t each : captured(0, 200, 5, 5)) expected.push_back(each);
  for (const int32_t each : captured(0, 300, 20, 9)) expected.push_back(each);
  EXPECT_EQ(listener.capture(60), expected);
}

TEST_F(Cable, WhatIsTakenBackAndWrittenAnewIsCapturedAnew) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 20, kStart);
  EXPECT_EQ(listener.capture(6), captured(1, 100, 5, 0));
  std::vector<int32_t> ring(kRingFrames, 7);
  player.sink->timed()->commit(std::as_bytes(std::span(ring)), 10);
  EXPECT_EQ(listener.capture(6), captured(0, 105, 5, 1)) << "no further than the client's position";
  player.sink->timed()->commit(std::as_bytes(std::span(ring)), 14);
  EXPECT_EQ(listener.capture(5), (std::vector<int32_t>{7, 7, 7, 0, 0}));
}

TEST_F(Cable, AFreeRunningRingIsCapturedCommittedOrNot) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 5, kStart);
  std::vector<int32_t> ring(kRingFrames, 7);
  player.sink->timed()->free_run(std::as_bytes(std::span(ring)), 5, 20);
  std::vector<int32_t> expected = captured(1, 100, 5, 0);
  expected.insert(expected.end(), 4, 7);
  EXPECT_EQ(listener.capture(10), expected);
  std::fill(ring.begin(), ring.end(), 8);
  player.sink->timed()->free_run(std::as_bytes(std::span(ring)), 12, 15);
  EXPECT_EQ(listener.capture(8), (std::vector<int32_t>{7, 7, 7, 8, 8, 8, 7, 7})) << "changed since";
  player.sink->timed()->commit(std::as_bytes(std::span(ring)), 19);
  EXPECT_EQ(listener.capture(4), (std::vector<int32_t>{7, 7, 0, 0})) << "no more than the client's";
}

TEST_F(Cable, ADropEndsItThere) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 40, kStart);
  EXPECT_EQ(listener.capture(6), captured(1, 100, 5, 0));
  player.stop(8);
  EXPECT_EQ(listener.capture(10), captured(0, 105, 3, 7));
}

TEST_F(Cable, AFifoDelaysWhatIsCaptured) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  ASSERT_TRUE(player.begin(100));
  player.commit(10);
  player.run(kStart, 6);
  EXPECT_EQ(listener.capture(20), captured(7, 100, 10, 3));
}

TEST_F(Cable, AReaderThatSleptThroughFindsWhatItMissed) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 50, kStart);
  player.stop(50);
  clock_->advance_ns(kSecondNs);
  EXPECT_EQ(listener.capture(60), captured(1, 100, 50, 9));
}

TEST_F(Cable, ManyShortSoundsAreAllFoundLater) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  std::vector<int32_t> expected(1, 0);
  for (int sound = 0; sound < 30; ++sound) {
    Player player(clock_);  // a new player for each sound, as one program after the other
    for (int again = 0; again < (sound == 0 ? 2 : 1); ++again) {
      const auto first = static_cast<int32_t>(expected.size());
      player.play(first, 5, kStart + (first - 1) * kFrameNs);
      player.stop(5);
      for (int32_t i = 0; i < 5; ++i) expected.push_back(first + i);
    }
  }
  EXPECT_EQ(listener.capture(expected.size()), expected);
  EXPECT_EQ(listener.source->stats().late_frames, 0U);
}

TEST_F(Cable, WhatLiesBeforeTheOldestSegmentKeptIsCountedAsLate) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  for (int32_t sound = 0; sound < 40; ++sound) {
    player.play(1 + sound, 1, kStart + sound * kFrameNs);
    player.stop(1);
  }
  EXPECT_EQ(listener.capture(41), captured(9, 9, 32, 0));
  EXPECT_EQ(listener.source->stats().late_frames, 9U);
}

TEST_F(Cable, AReaderThatSleptTooLongCapturesSilenceAndCountsIt) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(1, kRingFrames, kStart);
  const auto frames = std::filesystem::file_size(directory_.file("test")) / sizeof(int32_t);
  for (uint64_t end = kRingFrames; end < 2 * frames; end += kRingFrames) player.commit(end);
  EXPECT_EQ(listener.capture(33), captured(33, 0, 0, 0));
  EXPECT_EQ(listener.source->stats().late_frames, 32U);
}

TEST_F(Cable, ClocksThatDriftApartSlipButNeverRepeat) {
  constexpr PcmFormat kFast{.sample = SampleFormat::s32_le, .channels = 1, .rate_hz = 48000};
  for (const int32_t ppm : {-20'000, 20'000}) {
    Player player(clock_);
    ASSERT_TRUE(player.begin(1, kFast));
    FrameTime played(kFast.rate_hz, 0);
    played.start(kStart);
    FrameTime listened(kFast.rate_hz, ppm);
    listened.start(kStart);
    player.sink->timed()->run(played, 0, 0);
    const auto source = make_cable_source("test", clock_);
    ASSERT_TRUE(source->configure(kFast, 64));
    source->timed()->run(listened, 0);
    int32_t last = 0;
    for (uint64_t done = 0; done < 48000; done += 48) {
      player.commit(played.frames_at(listened.time_of(done + 48)) + 8);
      std::vector<int32_t> part(48);
      source->read(std::as_writable_bytes(std::span(part)));
      for (const int32_t each : part) {
        if (each == 0) continue;
        ASSERT_GT(each, last);
        last = each;
      }
    }
    EXPECT_GT(last, 40'000) << ppm;
    player.stop(48000);
  }
}

TEST_F(Cable, ABeginningThatCameTooLateIsMadeAnew) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  EXPECT_EQ(listener.capture(5), captured(5, 0, 0, 0));
  Player player(clock_);
  ASSERT_TRUE(player.begin(100));
  player.commit(10);
  EXPECT_FALSE(player.run(after(3))) << "its first frame has been looked for";
  EXPECT_TRUE(player.run(after(5)));
  EXPECT_EQ(listener.capture(15), captured(1, 100, 10, 4));
}

TEST_F(Cable, CountsWhatThePlayerWrote) {
  Player player(clock_);
  ASSERT_TRUE(player.begin(1));
  const std::vector<int32_t> frames(10);
  player.sink->write(std::as_bytes(std::span(frames)), true);
  player.sink->write(std::as_bytes(std::span(frames)), false);
  EXPECT_EQ(player.sink->stats().written_frames, 10U);
  EXPECT_TRUE(player.sink->flush());
}

TEST_F(Cable, ATeePlaysIntoBoth) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  const auto path = directory_.path() / "tee.raw";
  Result<std::unique_ptr<Sink>> file = make_file_sink(path.c_str(), {});
  ASSERT_TRUE(file);
  Player player(clock_);
  player.sink = make_tee_sink(std::move(*file), std::move(player.sink));
  player.play(100, 10, kStart);
  const std::vector<int32_t> frames(10);
  player.sink->write(std::as_bytes(std::span(frames)), true);
  player.stop(10);
  ASSERT_TRUE(player.sink->flush());
  EXPECT_EQ(listener.capture(12), captured(1, 100, 10, 1));
  EXPECT_EQ(std::filesystem::file_size(path), 40U);
  EXPECT_EQ(player.sink->stats().written_frames, 10U);
}

}  // namespace
}  // namespace dmasim
