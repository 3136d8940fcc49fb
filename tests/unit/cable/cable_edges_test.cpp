// SPDX-License-Identifier: LGPL-2.1-or-later
/// Calls of a cable that move no sound, and the reasons that it gives for its failures.
#include <gtest/gtest.h>

#include <cerrno>

#include "engine/cable/cable_file.h"
#include "engine/cable/cable_text.h"
#include "tests/unit/cable/cable_fixture.h"

namespace dmasim {
namespace {

class CableEdges : public ::testing::Test {
 protected:
  const RuntimeDirectory runtime_;
  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  const std::vector<int32_t> ring_ = std::vector<int32_t>(kRingFrames, 7);
  const std::span<const std::byte> bytes_ = std::as_bytes(std::span(ring_));
};

TEST_F(CableEdges, AFormatWithoutChannelsOrRateIsRefused) {
  const auto sink = make_cable_sink("test", clock_);
  const auto source = make_cable_source("test", clock_);
  for (const PcmFormat& format :
       {PcmFormat{SampleFormat::s16_le, 0, 48000}, PcmFormat{SampleFormat::s16_le, 2, 0}}) {
    EXPECT_EQ(sink->configure(format, 16).error(), EINVAL);
    EXPECT_EQ(source->configure(format, 16).error(), EINVAL);
  }
  EXPECT_FALSE(std::filesystem::exists(runtime_.file("test")));
}

/// Hooks may call the sink before configure() and after stop().
TEST_F(CableEdges, OutsideAStartNothingIsWritten) {
  Player player(clock_);
  Listener listener(clock_);
  player.sink->timed()->commit(bytes_, 8);
  player.sink->timed()->free_run(bytes_, 0, 8);
  EXPECT_TRUE(player.run(0)) << "nobody can be late for nothing";
  ASSERT_TRUE(player.begin(1));
  ASSERT_TRUE(listener.start(0));
  player.commit(4);
  ASSERT_TRUE(player.run(0));
  player.stop(4);
  player.sink->timed()->commit(bytes_, 12);
  player.sink->timed()->free_run(bytes_, 4, 12);
  EXPECT_EQ(listener.capture(12), captured(1, 1, 4, 7));
  EXPECT_EQ(player.sink->stats().lost_frames, 0U);
}

TEST_F(CableEdges, FramesAreCountedOverStartsOfDifferentFormats) {
  Player player(clock_);
  ASSERT_TRUE(player.begin(1));
  player.sink->write(bytes_.first(10 * kSlow.frame_bytes()), true);
  player.sink->write(bytes_.first(10 * kSlow.frame_bytes()), false);
  const PcmFormat wide{.sample = SampleFormat::s32_le, .channels = 4, .rate_hz = 1000};
  ASSERT_TRUE(player.begin(1, wide));
  EXPECT_EQ(player.sink->stats().written_frames, 10U);
  player.sink->write(bytes_.first(5 * wide.frame_bytes()), true);
  EXPECT_EQ(player.sink->stats().written_frames, 15U);
}

TEST_F(CableEdges, ARingWithoutAFrameWritesNothing) {
  Player player(clock_);
  Listener listener(clock_);
  ASSERT_TRUE(player.begin(1));
  ASSERT_TRUE(listener.start(0));
  ASSERT_TRUE(player.run(0));
  player.sink->timed()->commit(bytes_.first(3), 8);
  player.sink->timed()->free_run(bytes_.first(3), 0, 8);
  player.sink->timed()->free_run(bytes_, 8, 8);
  EXPECT_EQ(listener.capture(8), captured(8, 0, 0, 0));
}

TEST_F(CableEdges, ASourceThatDoesNotRunCapturesSilence) {
  Player player(clock_);
  ASSERT_NO_FATAL_FAILURE(player.play(1, 32, 0));
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(0));
  EXPECT_EQ(listener.capture(5), captured(1, 1, 4, 0));
  listener.source->timed()->stop();
  EXPECT_EQ(listener.capture(5), captured(5, 0, 0, 0));
}

TEST_F(CableEdges, ANameThatIsNoneCarriesNothing) {
  for (const char* name : {"", "../up", ".hidden", "a/b"}) {
    EXPECT_FALSE(cable_carries(name)) << name;
    EXPECT_FALSE(cable_state(name).format) << name;
    EXPECT_FALSE(cable_state(name).active) << name;
    EXPECT_EQ(CableFile::open(name).error(), EINVAL) << name;
  }
}

TEST_F(CableEdges, WhatDoesNotFitIntoAFileIsRefused) {
  auto file = CableFile::open("test");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->allocate(UINT64_MAX, 0, 1).error(), EFBIG);
  EXPECT_EQ(file->allocate(16, 17, 1).error(), EFBIG);
  std::vector<std::byte> bytes(16);
  EXPECT_EQ(file->write(UINT64_MAX - 8, bytes).error(), EFBIG);
  EXPECT_FALSE(file->read(UINT64_MAX - 8, bytes));
}

TEST_F(CableEdges, ErrorsNameWhoAndWhat) {
  EXPECT_EQ(describe({SampleFormat::s24_3be, 1, 44100}), "S24_3BE, 1 channel, 44100 Hz");
  CableRecord record;
  record.writer_pid = 77;
  EXPECT_NE(cable_busy_error("x", record).find("process 77"), std::string::npos);
  EXPECT_NE(cable_busy_error("x", std::nullopt).find("another process"), std::string::npos);
  EXPECT_NE(cable_format_error("x", kSlow, std::nullopt).find("carries another format"),
            std::string::npos);
  EXPECT_NE(cable_format_error("x", kSlow, kSlow).find("carries S32_LE, 1 channel, 1000 Hz"),
            std::string::npos);
  EXPECT_NE(cable_format_error("x", kSlow, kSlow).find("accepted: the same format"),
            std::string::npos);
  const CableDirectory nowhere{.path = "/nowhere", .passed_over = {}};
  EXPECT_NE(cable_open_error("x", EACCES, nowhere).find("this user's alone"), std::string::npos);
  EXPECT_NE(cable_open_error("x", ENOSPC, nowhere).find("in /nowhere: No space left"),
            std::string::npos);
  EXPECT_EQ(cable_open_error("x", EMFILE, nowhere).find("this user's alone"), std::string::npos);
}

}  // namespace
}  // namespace dmasim
