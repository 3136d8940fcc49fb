// SPDX-License-Identifier: LGPL-2.1-or-later
/// The tape behind a cable: when a new tape begins, what ends a segment, and in which directory the
/// tape is.
#include <fcntl.h>
#include <sys/stat.h>

#include "engine/card/cable_directory.h"
#include "tests/unit/cable/cable_fixture.h"
#include "tests/unit/child_process.h"

namespace dmasim {
namespace {

constexpr int64_t kStart = 10 * kSecondNs;

class CableTape : public ::testing::Test {
 protected:
  static int64_t after(int64_t frames) { return kStart + frames * kFrameNs; }
  static CableRecord record() {
    auto file = CableFile::open("test");
    const auto found = file ? file->load() : std::nullopt;
    EXPECT_TRUE(found);
    return found.value_or(CableRecord{});
  }
  /// Writes `record` in place of the newest one.
  void forge(const CableRecord& record) const { forge_record(directory_.file("test"), record); }

  RuntimeDirectory directory_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(kStart);
  Listener listener_{clock_};
};

TEST_F(CableTape, IsGoneOnWithByTheNextWriter) {
  ASSERT_TRUE(listener_.start(kStart));
  ASSERT_TRUE(Player(clock_).begin(1));
  const CableRecord before = record();
  ASSERT_TRUE(Player(clock_).begin(1));
  EXPECT_EQ(record().instance, before.instance);
}

TEST_F(CableTape, IsBegunAnewWhereItIsTooShortForTheNextWritersBuffer) {
  ASSERT_TRUE(listener_.start(kStart));
  ASSERT_TRUE(Player(clock_).begin(1));
  const CableRecord before = record();
  constexpr uint64_t kLarge = 1'000'000;
  const auto sink = make_cable_sink("test", clock_);
  clock_->advance_ns(1);
  ASSERT_TRUE(sink->configure(kSlow, kLarge));
  EXPECT_NE(record().instance, before.instance);
  EXPECT_EQ(record().capacity_frames, cable_capacity(kSlow, kLarge));
}

TEST_F(CableTape, IsBegunAnewWhereItsNumbersComeToTheirEnd) {
  ASSERT_TRUE(listener_.start(kStart));
  ASSERT_TRUE(Player(clock_).begin(1));
  CableRecord last = record();
  last.reserved_tape = last.committed_tape = uint64_t{1} << 60;
  forge(last);
  ASSERT_EQ(record().reserved_tape, uint64_t{1} << 60) << "as far as a record may count";
  Player player(clock_);
  player.play(100, 20, kStart);
  EXPECT_EQ(listener_.capture(25), captured(1, 100, 20, 4));
}

/// The record is as after a long use: all segments that it can hold are used.
TEST_F(CableTape, IsBegunAnewWhereItsSegmentsComeToTheirEnd) {
  for (const uint64_t count : {kMostSegments, UINT64_MAX}) {
    ASSERT_TRUE(listener_.start(clock_->now_ns()));
    ASSERT_TRUE(Player(clock_).begin(1));
    CableRecord last = record();
    last.segments.fill({.first_tape = 0,
                        .end_tape = 0,
                        .origin_tape = 0,
                        .origin_ns = 1,
                        .frames_per_1e15_ns = uint64_t{kSlow.rate_hz} * 1'000'000});
    last.segment_count = count;
    forge(last);
    EXPECT_EQ(CableFile::open("test")->load().has_value(), count == kMostSegments)
        << "is it believed?";
    Player player(clock_);
    player.play(100, 20, clock_->now_ns());
    EXPECT_EQ(listener_.capture(25), captured(1, 100, 20, 4)) << count;
  }
}

TEST_F(CableTape, IsGoneOnWithWhereTheRecordsNumbersWrap) {
  for (const uint64_t sequence : {UINT64_MAX - 2, UINT64_MAX - 1, UINT64_MAX, uint64_t{1} << 63}) {
    ASSERT_TRUE(listener_.start(clock_->now_ns()));
    ASSERT_TRUE(Player(clock_).begin(1));
    CableRecord last = record();
    for (const uint64_t before : {2U, 1U}) {
      last.sequence = sequence - before;
      forge(last);
    }
    Player player(clock_);
    ASSERT_TRUE(player.begin(100));
    EXPECT_EQ(record().sequence, sequence + 1) << "the next store counts";
    player.commit(20);
    player.run(clock_->now_ns());
    EXPECT_EQ(listener_.capture(25), captured(1, 100, 20, 4)) << sequence;
  }
}

TEST_F(CableTape, OfAKilledWriterEndsWhereItWasDueWhenTheNextOneCame) {
  ASSERT_TRUE(listener_.start(kStart));
  Child([&] { (new Player(clock_))->play(100, 40, kStart); }).kill();
  clock_->advance_ns(5 * kFrameNs);
  Player successor(clock_);
  successor.play(200, 20, after(30));
  EXPECT_EQ(listener_.capture(31), captured(1, 100, 5, 25)) << "nobody has listened until now";
  EXPECT_EQ(listener_.capture(25), captured(0, 200, 20, 5));
}

/// As a PCM that is closed while it plays: all frames that it has committed are captured.
TEST_F(CableTape, OfAWriterThatLeavesEndsWhereItHasCommittedTo) {
  ASSERT_TRUE(listener_.start(kStart));
  {
    Player player(clock_);
    player.play(100, 20, kStart);
    EXPECT_EQ(listener_.capture(6), captured(1, 100, 5, 0));
  }
  EXPECT_EQ(listener_.capture(4), captured(0, 105, 4, 0));
  EXPECT_EQ(listener_.capture(15), captured(0, 109, 11, 4));
  EXPECT_FALSE(record().has_open_segment());
}

TEST_F(CableTape, TakesNothingBetweenAStopAndTheNextStart) {
  ASSERT_TRUE(listener_.start(kStart));
  Player player(clock_);
  player.play(100, 10, kStart);
  player.stop(10);
  const auto before = head_of(directory_.file("test"));
  player.commit(20);
  const std::vector<int32_t> ring(kRingFrames, 7);
  player.sink->timed()->free_run(std::as_bytes(std::span(ring)), 10, 30);
  EXPECT_EQ(head_of(directory_.file("test")), before)
      << "a hook of a stopped stream writes nothing";
  EXPECT_EQ(listener_.capture(15), captured(1, 100, 10, 4));
}

TEST_F(CableTape, WhatAReaderSkipsIsNotCapturedLater) {
  ASSERT_TRUE(listener_.start(kStart));
  Player player(clock_);
  player.play(100, 40, kStart);
  EXPECT_EQ(listener_.capture(6), captured(1, 100, 5, 0));
  listener_.source->skip(5 * kSlow.frame_bytes());
  EXPECT_EQ(listener_.capture(5), captured(0, 110, 5, 0));
  EXPECT_EQ(listener_.source->stats().read_frames, 16U);
}

/// A relative directory would be another one for each working directory.
TEST_F(CableTape, LiesInNoRelativeDirectory) {
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  ASSERT_EQ(mkdir("relative", 0700), 0);
  ASSERT_EQ(mkdir("relative/dmasim", 0700), 0);
  const std::string files = std::string("relative/dmasim/") + kFileFormat;
  ASSERT_EQ(mkdir(files.c_str(), 0700), 0);
  struct stat relative {};
  ASSERT_EQ(stat(files.c_str(), &relative), 0);
  setenv("XDG_RUNTIME_DIR", "relative", 1);
  const auto found = open_cable_directory(false);
  std::filesystem::current_path(here);
  struct stat status {};
  if (found) {
    ASSERT_EQ(fstat(found->get(), &status), 0);
  }
  EXPECT_NE(status.st_ino, relative.st_ino);
}

}  // namespace
}  // namespace dmasim
