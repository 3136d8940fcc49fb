// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/silence.h"

#include <gtest/gtest.h>

namespace dmasim {

bool operator==(const FrameSpan& a, const FrameSpan& b) {
  return a.count_frames == b.count_frames &&
         (a.count_frames == 0 || a.start_frames == b.start_frames);
}

namespace {

constexpr uint64_t kBuffer = 100;
constexpr FrameSpan kNone{};

TEST(SilenceSpans, AllButAheadIsTheRestOfTheRing) {
  EXPECT_EQ(Silence::all_but_ahead(30, 10, kBuffer), (FrameSpan{30, 80}));
  EXPECT_EQ(Silence::all_but_ahead(10, 10, kBuffer), (FrameSpan{10, 100}));
  EXPECT_EQ(Silence::all_but_ahead(110, 10, kBuffer), kNone);
  EXPECT_EQ(Silence::all_but_ahead(500, 10, kBuffer), kNone) << "forwarded beyond the ring";
  EXPECT_EQ(Silence::all_but_ahead(5, 10, kBuffer), (FrameSpan{10, 100})) << "past the commit";
}

TEST(SilenceSpans, PassedIsTheWayOfTheHardware) {
  EXPECT_EQ(Silence::passed(10, 10, kBuffer), kNone);
  EXPECT_EQ(Silence::passed(10, 25, kBuffer), (FrameSpan{10, 15}));
  EXPECT_EQ(Silence::passed(10, 500, kBuffer), (FrameSpan{400, 100})) << "more than a lap";
}

TEST(SilenceSpans, AThresholdCallsForWhatIsMissing) {
  Silence silence;
  EXPECT_EQ(silence.ahead(50, 0, 40, 40), kNone);
  EXPECT_EQ(silence.ahead(50, 20, 40, 40), (FrameSpan{50, 10}));
  EXPECT_EQ(silence.ahead(50, 20, 40, 40), kNone) << "it is there now";
  EXPECT_EQ(silence.ahead(50, 30, 40, 40), (FrameSpan{60, 10}));
}

TEST(SilenceSpans, AThresholdFillsItsSizeAtATime) {
  Silence silence;
  EXPECT_EQ(silence.ahead(50, 50, 40, 10), (FrameSpan{50, 10}));
  EXPECT_EQ(silence.ahead(50, 50, 40, 10), (FrameSpan{60, 10}));
}

TEST(SilenceSpans, AThresholdCountsWhatIsWrittenOverTheSilence) {
  Silence silence;
  EXPECT_EQ(silence.ahead(50, 20, 60, 60), (FrameSpan{50, 30}));
  EXPECT_EQ(silence.ahead(70, 20, 60, 60), kNone) << "10 of silence are left behind 70";
  EXPECT_EQ(silence.ahead(70, 30, 60, 60), (FrameSpan{80, 10}));
  EXPECT_EQ(silence.ahead(200, 150, 60, 60), (FrameSpan{200, 10})) << "all of it written over";
}

TEST(SilenceSpans, WhatWasTakenBackIsOldData) {
  Silence silence;
  EXPECT_EQ(silence.ahead(50, 20, 60, 60), (FrameSpan{50, 30}));
  EXPECT_EQ(silence.ahead(40, 20, 60, 60), (FrameSpan{40, 40}));
}

TEST(SilenceSpans, NothingIsFilledBehindTheHardware) {
  Silence silence;
  EXPECT_EQ(silence.ahead(50, 500, 40, 40), (FrameSpan{500, 40}));
  EXPECT_EQ(silence.ahead(50, 520, 40, 40), (FrameSpan{540, 20}));
}

}  // namespace
}  // namespace dmasim
