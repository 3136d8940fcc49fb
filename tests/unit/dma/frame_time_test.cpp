// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/frame_time.h"

#include <gtest/gtest.h>

#include <random>

namespace dmasim {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(FrameTime, CountsWholeFramesFromTheStart) {
  FrameTime time(48000, 0);
  time.start(5);
  EXPECT_EQ(time.frames_at(0), 0u);
  EXPECT_EQ(time.frames_at(5), 0u);
  EXPECT_EQ(time.frames_at(5 + kSecond - 1), 47999u);
  EXPECT_EQ(time.frames_at(5 + kSecond), 48000u);
}

TEST(FrameTime, TimeOfAFrameIsTheFirstInstantAtWhichItHasPassed) {
  for (const uint32_t rate : {4000u, 11025u, 44100u, 48000u, 192000u, 768000u}) {
    for (const int32_t ppm : {0, 1, -250, 99999}) {
      FrameTime time(rate, ppm);
      time.start(123456789);
      for (const uint64_t frames : {uint64_t{1}, uint64_t{441}, uint64_t{1} << 40}) {
        const int64_t at_ns = time.time_of(frames);
        EXPECT_EQ(time.frames_at(at_ns), frames) << rate << ' ' << ppm;
        EXPECT_EQ(time.frames_at(at_ns - 1), frames - 1) << rate << ' ' << ppm;
      }
    }
  }
}

/// frames_at() does not divide. This compares it with the division, at and around each frame.
TEST(FrameTime, CountsAsADivisionWould) {
  __extension__ using Wide = unsigned __int128;
  constexpr Wide kScale = 1'000'000'000'000'000;
  std::mt19937_64 random(1);
  for (const uint64_t rate :
       {uint64_t{0}, uint64_t{1}, uint64_t{44'100'000'000}, uint64_t{768'000'999'999},
        static_cast<uint64_t>(kScale) - 1, static_cast<uint64_t>(kScale), uint64_t{3} << 60}) {
    const FrameTime time = FrameTime::from_numbers(rate, 0);
    for (int i = 0; i < 2000; ++i) {
      const auto ns = static_cast<int64_t>(random() >> (1 + i % 60));
      const auto frames = static_cast<uint64_t>(Wide(static_cast<uint64_t>(ns)) * rate / kScale);
      ASSERT_EQ(time.frames_at(ns), frames) << rate << ' ' << ns;
      if (rate == 0 || rate >= kScale) continue;
      const int64_t edge_ns = time.time_of(frames);
      ASSERT_EQ(time.frames_at(edge_ns), frames) << rate << ' ' << edge_ns;
    }
  }
}

TEST(FrameTime, NothingAccumulatesOverAYear) {
  FrameTime time(44100, 0);
  time.start(0);
  constexpr int64_t kYearSeconds = 365 * 86400;
  EXPECT_EQ(time.frames_at(kYearSeconds * kSecond), uint64_t{44100} * kYearSeconds);
}

TEST(FrameTime, PpmIsASecondCrystal) {
  FrameTime fast(48000, 1000);
  fast.start(0);
  EXPECT_EQ(fast.frames_at(10 * kSecond), 480480u);
}

TEST(FrameTime, APauseOfAnyLengthCostsNoFraction) {
  FrameTime paused(44100, 0);
  FrameTime straight(44100, 0);
  paused.start(0);
  straight.start(0);
  int64_t now = 0;
  int64_t idle = 0;
  for (int i = 1; i < 1000; ++i) {
    now += 12347 * i;  // never a whole number of frames
    paused.pause(now);
    now += 1001 * i;
    idle += 1001 * i;
    paused.resume(now);
  }
  EXPECT_EQ(paused.frames_at(now + kSecond), straight.frames_at(now - idle + kSecond));
}

TEST(FrameTime, StartsAtAnEdgeAreApartByWholeFrames) {
  FrameTime first(44100, 0);
  first.start(123'456'789);
  first.wait_for_edge();
  EXPECT_GE(first.origin_ns(), 123'456'789);
  EXPECT_LE(first.origin_ns(), 123'456'789 + 22'676);
  for (int64_t shift_ns = 0; shift_ns < 100'000; shift_ns += 3'331) {
    FrameTime second(44100, 0);
    second.start(200'000'000 + shift_ns);
    second.wait_for_edge();
    const uint64_t apart = first.frames_at(second.origin_ns() + 1);
    for (uint64_t frame = 1; frame < 1'000'000; frame += 7'919) {
      EXPECT_EQ(first.frames_at(second.time_of(frame) + 1), frame + apart);
      EXPECT_EQ(first.frames_at(second.time_of(frame + 1) - 2), frame + apart);
    }
  }
}

TEST(FrameTime, AnEdgeIsNotWaitedFor) {
  FrameTime time(1000, 0);
  time.start(5'000'000);
  time.wait_for_edge();
  EXPECT_EQ(time.origin_ns(), 5'000'000);
}

}  // namespace
}  // namespace dmasim
