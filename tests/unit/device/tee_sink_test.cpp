// SPDX-License-Identifier: LGPL-2.1-or-later
/// One sink that passes its frames to two sinks.
#include "engine/device/tee_sink.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "engine/cable/cable.h"
#include "tests/unit/device/fake_devices.h"

namespace dmasim {
namespace {

constexpr PcmFormat kMono{.sample = SampleFormat::u8, .channels = 1, .rate_hz = 8000};

class TeeSinkTest : public ::testing::Test {
 protected:
  FakeDevice first_;
  FakeDevice second_;
  std::unique_ptr<Sink> both_ =
      make_tee_sink(std::make_unique<FakeSink>(first_), std::make_unique<FakeSink>(second_));
};

TEST_F(TeeSinkTest, EachCallReachesBoth) {
  const std::vector<std::byte> frames(8);
  ASSERT_TRUE(both_->configure(kMono, 64));
  both_->timed()->commit(frames, 8);
  both_->timed()->free_run(frames, 2, 5);
  EXPECT_TRUE(both_->timed()->run({}, 2, 1));
  both_->write(frames, true);
  both_->write(std::span(frames).first(3), false);
  both_->timed()->pause(4);
  both_->timed()->stop(6);
  both_->flush_async();
  EXPECT_TRUE(both_->flush());
  both_->release();
  const std::vector<std::string> expected{"configure 64", "commit 8",    "free run 3", "run 3",
                                          "write 8",      "leftovers 3", "pause 4",    "stop 6",
                                          "flush_async",  "flush",       "release"};
  EXPECT_EQ(first_.calls, expected);
  EXPECT_EQ(second_.calls, expected);
}

TEST_F(TeeSinkTest, IsTooLateIfEitherIs) {
  first_.in_time = false;
  EXPECT_FALSE(both_->timed()->run({}, 0, 0));
  first_.in_time = true;
  second_.in_time = false;
  EXPECT_FALSE(both_->timed()->run({}, 0, 0));
  EXPECT_EQ(first_.calls.size(), 2U);
  EXPECT_EQ(second_.calls.size(), 2U) << "each is called";
}

TEST_F(TeeSinkTest, ReportsTimesToTheOneThatNeedsThem) {
  for (const bool first_needs : {false, true}) {
    first_.timed = first_needs;
    second_.timed = !first_needs;
    const auto sink =
        make_tee_sink(std::make_unique<FakeSink>(first_), std::make_unique<FakeSink>(second_));
    ASSERT_NE(sink->timed(), nullptr);
    sink->timed()->pause(7);
    EXPECT_EQ(std::exchange(first_.calls, {}).size(), first_needs ? 1U : 0U);
    EXPECT_EQ(std::exchange(second_.calls, {}).size(), first_needs ? 0U : 1U);
  }
  first_.timed = second_.timed = false;
  const auto sink =
      make_tee_sink(std::make_unique<FakeSink>(first_), std::make_unique<FakeSink>(second_));
  EXPECT_EQ(sink->timed(), nullptr);
}

TEST_F(TeeSinkTest, HasTheRoomOfTheFullerOneAndEitherTells) {
  EXPECT_EQ(both_->room_frames(9), 9U);
  first_.movable_frames = 5;
  EXPECT_EQ(both_->room_frames(9), 5U);
  second_.movable_frames = 3;
  EXPECT_EQ(both_->room_frames(9), 3U);
  first_.movable_frames = 8;
  EXPECT_EQ(both_->room_frames(9), 3U);
  int calls = 0;
  both_->on_room([&calls] { ++calls; });
  first_.on_movable();
  second_.on_movable();
  EXPECT_EQ(calls, 2);
}

TEST_F(TeeSinkTest, HoldsWhatBothHold) {
  EXPECT_TRUE(both_->holds(kMono));
  first_.holds = false;
  EXPECT_FALSE(both_->holds(kMono));
  first_.holds = true;
  second_.holds = false;
  EXPECT_FALSE(both_->holds(kMono));
}

TEST_F(TeeSinkTest, HasAVolumeIfEitherHas) {
  EXPECT_TRUE(both_->has_volume());
  first_.has_volume = false;
  EXPECT_TRUE(both_->has_volume());
  second_.has_volume = false;
  EXPECT_FALSE(both_->has_volume());
  first_.has_volume = true;
  EXPECT_TRUE(both_->has_volume());
}

TEST_F(TeeSinkTest, IsFlushedAtExitIfEitherHasToBe) {
  EXPECT_FALSE(both_->flush_at_exit());
  first_.flush_at_exit = true;
  EXPECT_TRUE(both_->flush_at_exit());
  first_.flush_at_exit = false;
  second_.flush_at_exit = true;
  EXPECT_TRUE(both_->flush_at_exit());
}

TEST_F(TeeSinkTest, AFlushFailsIfEitherDoes) {
  first_.flushed = Errno{EIO};
  EXPECT_EQ(both_->flush().error(), EIO);
  first_.flushed = {};
  second_.flushed = Errno{ENOSPC};
  EXPECT_EQ(both_->flush().error(), ENOSPC);
  EXPECT_EQ(first_.calls.size(), 2U);
  EXPECT_EQ(second_.calls.size(), 2U) << "each is flushed";
}

TEST_F(TeeSinkTest, WhatEitherLosesCounts) {
  first_.sink_stats = {.written_frames = 100, .lost_frames = 3, .last_error = 0};
  second_.sink_stats = {.written_frames = 90, .lost_frames = 4, .last_error = EIO};
  EXPECT_EQ(both_->stats().written_frames, 100U);
  EXPECT_EQ(both_->stats().lost_frames, 7U);
  EXPECT_EQ(both_->stats().last_error, EIO);
  first_.sink_stats.last_error = ENOSPC;
  EXPECT_EQ(both_->stats().last_error, ENOSPC);
}

TEST_F(TeeSinkTest, TheErrorOfEitherIsReported) {
  EXPECT_EQ(both_->explain(), "");
  first_.error_text = "the first one's";
  EXPECT_EQ(both_->explain(), "the first one's");
  second_.error_text = "the second one's";
  EXPECT_EQ(both_->explain(), "the second one's") << "which is configured first";
}

}  // namespace
}  // namespace dmasim
