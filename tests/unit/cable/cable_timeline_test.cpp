// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which frames of a tape a reader captures, from numbers alone.
#include "engine/cable/cable_timeline.h"

#include <gtest/gtest.h>

namespace dmasim {
namespace {

constexpr int64_t kMs = 1'000'000;

/// A clock whose frame 0 is at `at_ns`; a frame takes a millisecond.
FrameTime clock_from(int64_t at_ns) {
  FrameTime time(1000, 0);
  time.start(at_ns);
  return time;
}

/// A record whose segment n has ten frames, and begins 100 ms after the segment before it.
CableRecord segments(uint64_t count) {
  CableRecord record;
  record.instance = 9;
  record.segment_count = count;
  for (uint64_t n = record.oldest(); n < count; ++n) {
    const FrameTime time = clock_from(static_cast<int64_t>(n) * 100 * kMs);
    record.segment(n) = {.first_tape = 10 * n,
                         .end_tape = 10 * n + 10,
                         .origin_tape = static_cast<int64_t>(10 * n),
                         .origin_ns = time.origin_ns(),
                         .frames_per_1e15_ns = time.frames_per_1e15_ns()};
  }
  return record;
}

TEST(CableTimeline, ASegmentIsCapturedUntilTheNextOneBegins) {
  const CableRecord record = segments(3);
  const SegmentAtTime first = segment_at(record, 0);
  EXPECT_EQ(first.number, 0U);
  EXPECT_EQ(first.next_begin_ns, 100 * kMs);
  EXPECT_EQ(segment_at(record, 100 * kMs - 1).number, 0U);
  EXPECT_EQ(segment_at(record, 100 * kMs).number, 1U);
  const SegmentAtTime last = segment_at(record, 900 * kMs);
  EXPECT_EQ(last.number, 2U);
  EXPECT_FALSE(last.next_begin_ns);
}

TEST(CableTimeline, BeforeTheFirstSegmentNothingIsCapturedAndNothingLost) {
  const SegmentAtTime before = segment_at(segments(2), -1);
  EXPECT_FALSE(before.number);
  EXPECT_EQ(before.next_begin_ns, 0);
  EXPECT_FALSE(before.dropped);
  const SegmentAtTime none = segment_at(segments(0), 5);
  EXPECT_FALSE(none.number);
  EXPECT_FALSE(none.next_begin_ns);
  EXPECT_FALSE(none.dropped);
}

TEST(CableTimeline, ASegmentThatTheRecordHasDroppedIsFoundAsDropped) {
  const CableRecord record = segments(CableRecord::kSegments + 1);
  const SegmentAtTime early = segment_at(record, 99 * kMs);
  EXPECT_FALSE(early.number);
  EXPECT_TRUE(early.dropped);
  EXPECT_EQ(early.next_begin_ns, 100 * kMs);
  EXPECT_EQ(segment_at(record, 100 * kMs).number, 1U);
}

TEST(CableTimeline, FramesBeforeAMomentAreThoseThatAreSampledEarlier) {
  const FrameTime clock = clock_from(50 * kMs);
  EXPECT_EQ(frames_before(clock, 0, 60 * kMs), 10U) << "frame 10 is sampled then";
  EXPECT_EQ(frames_before(clock, 0, 60 * kMs + 1), 11U);
  EXPECT_EQ(frames_before(clock, 4, 60 * kMs), 6U);
  EXPECT_EQ(frames_before(clock, 10, 60 * kMs), 1U) << "a caller always gets on";
  EXPECT_EQ(frames_before(clock, 70, 60 * kMs), 1U);
}

TEST(CableTimeline, WhatLiesOutsideAPartOfTheTapeIsSilence) {
  const auto silence = [](uint64_t frames) { return Stretch{frames, std::nullopt}; };
  EXPECT_EQ(stretch_at(-1, 20, 30, 7), silence(7));
  EXPECT_EQ(stretch_at(15, 20, 30, 7), silence(5)) << "up to the part";
  EXPECT_EQ(stretch_at(15, 20, 30, 3), silence(3));
  EXPECT_EQ(stretch_at(20, 20, 30, 7), (Stretch{7, 20}));
  EXPECT_EQ(stretch_at(28, 20, 30, 7), (Stretch{2, 28})) << "up to its end";
  EXPECT_EQ(stretch_at(30, 20, 30, 7), silence(7));
}

/// The reader's frames are due a little before or after whole frames of the tape.
TEST(CableTimeline, ADistanceIsRoundedOncePerSegment) {
  TapeDistance distance;
  const SegmentId segment{.instance = 9, .number = 1};
  EXPECT_EQ(distance.position(segment, 0, 500, 3), 500);
  EXPECT_EQ(distance.position(segment, 1, 500, 3), 501) << "no frame twice";
  EXPECT_EQ(distance.position(segment, 2, 503, 3), 502) << "none left out";
  EXPECT_EQ(distance.position({.instance = 9, .number = 2}, 3, 504, 3), 504) << "another segment";
  EXPECT_EQ(distance.position({.instance = 8, .number = 2}, 4, 504, 3), 504) << "another tape";
}

TEST(CableTimeline, AReaderSlipsIfTheClocksAreTooFarApart) {
  TapeDistance distance;
  const SegmentId segment{.instance = 9, .number = 1};
  EXPECT_EQ(distance.position(segment, 0, 500, 3), 500);
  EXPECT_EQ(distance.position(segment, 10, 513, 3), 510);
  EXPECT_EQ(distance.position(segment, 20, 524, 3), 524) << "four frames apart";
  EXPECT_EQ(distance.position(segment, 30, 531, 3), 534) << "from there on";
  distance.reset();
  EXPECT_EQ(distance.position(segment, 30, 531, 3), 531) << "as after a pause";
}

TEST(CableTimeline, AFrameMayLieBeforeTheTape) {
  TapeDistance distance;
  EXPECT_EQ(distance.position({.instance = 9, .number = 0}, 40, 3, 3), 3);
  EXPECT_EQ(distance.position({.instance = 9, .number = 0}, 30, 0, 10), -7);
}

}  // namespace
}  // namespace dmasim
