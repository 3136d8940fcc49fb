// SPDX-License-Identifier: LGPL-2.1-or-later
/// The calls that a card's mixer passes on to the device behind it.
#include <gtest/gtest.h>
#include <sys/inotify.h>

#include <cerrno>
#include <cstring>

#include "engine/card/mixer_file.h"
#include "engine/device/volume.h"
#include "tests/unit/device/fake_devices.h"
#include "tests/unit/runtime_directory.h"

namespace dmasim {
namespace {

constexpr PcmFormat kMono{.sample = SampleFormat::s16_le, .channels = 1, .rate_hz = 48000};

class VolumeForwards : public ::testing::Test {
 protected:
  [[nodiscard]] MixerPath path(bool announce) const {
    return {.card = "card", .clock = clock_, .announce = announce};
  }

  const RuntimeDirectory runtime_;
  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(1'000'000'000);
  FakeDevice device_;
};

TEST_F(VolumeForwards, EachCallReachesTheSink) {
  const auto sink = make_volume_sink(std::make_unique<FakeSink>(device_), path(false));
  const std::vector<std::byte> ring(16);
  EXPECT_TRUE(sink->look(kMono));
  ASSERT_TRUE(sink->configure(kMono, 8));
  sink->timed()->commit(ring, 6);
  sink->timed()->free_run(ring, 6, 8);
  EXPECT_TRUE(sink->timed()->run({}, 3, 4));
  device_.in_time = false;
  EXPECT_FALSE(sink->timed()->run({}, 0, 1));
  sink->write(ring, true);
  sink->write(ring, false);
  sink->timed()->pause(5);
  sink->timed()->stop(7);
  sink->flush_async();
  EXPECT_TRUE(sink->flush());
  device_.flushed = Errno{EIO};
  EXPECT_EQ(sink->flush().error(), EIO);
  sink->release();
  const std::vector<std::string> expected{
      "look 1",       "configure 8", "commit 6", "free run 2",  "run 7", "run 1", "write 16",
      "leftovers 16", "pause 5",     "stop 7",   "flush_async", "flush", "flush", "release"};
  EXPECT_EQ(device_.calls, expected);
}

TEST_F(VolumeForwards, TheClientAsksTheDeviceBehindWhatItCanMove) {
  const auto sink = make_volume_sink(std::make_unique<FakeSink>(device_), path(false));
  const auto source = make_volume_source(std::make_unique<FakeSource>(device_), path(false));
  device_.movable_frames = 5;
  EXPECT_EQ(sink->room_frames(9), 5U);
  EXPECT_EQ(source->ready_frames(9), 5U);
  int calls = 0;
  sink->on_room([&calls] { ++calls; });
  device_.on_movable();
  source->on_ready([&calls] { calls += 10; });
  device_.on_movable();
  EXPECT_EQ(calls, 11);
}

TEST_F(VolumeForwards, WhatTheSinkSaysIsSaid) {
  const auto sink = make_volume_sink(std::make_unique<FakeSink>(device_), path(false));
  device_.sink_stats = {.written_frames = 5, .lost_frames = 4, .last_error = ENOSPC};
  device_.error_text = "error_text";
  device_.configured = Errno{EBUSY};
  EXPECT_EQ(sink->stats().lost_frames, 4U);
  EXPECT_EQ(sink->explain(), "error_text");
  device_.name = "/take-0.wav";
  EXPECT_EQ(sink->recorded_into(), "/take-0.wav");
  EXPECT_EQ(sink->configure(kMono, 8).error(), EBUSY);
  EXPECT_TRUE(sink->holds(kMono));
  device_.holds = false;
  EXPECT_FALSE(sink->holds(kMono));
  EXPECT_FALSE(sink->flush_at_exit());
  device_.flush_at_exit = true;
  EXPECT_TRUE(sink->flush_at_exit());
  device_.looked = Errno{ENOENT};
  EXPECT_EQ(sink->look(kMono).error(), ENOENT);
}

TEST_F(VolumeForwards, EachCallReachesTheSource) {
  const auto source = make_volume_source(std::make_unique<FakeSource>(device_), path(false));
  std::vector<std::byte> frames(6);
  EXPECT_TRUE(source->look(kMono));
  ASSERT_TRUE(source->configure(kMono, 8));
  source->timed()->run({}, 4);
  source->read(frames);
  source->skip(10);
  source->timed()->stop();
  const std::vector<std::string> expected{"look 1", "configure 8", "run 4",
                                          "read 6", "skip 10",     "stop"};
  EXPECT_EQ(device_.calls, expected);
}

TEST_F(VolumeForwards, WhatTheSourceSaysIsSaid) {
  const auto source = make_volume_source(std::make_unique<FakeSource>(device_), path(false));
  EXPECT_FALSE(source->timed()->broken());
  device_.broken = true;
  device_.error_text = "error_text";
  device_.source_stats.late_frames = 7;
  device_.configured = Errno{EINVAL};
  EXPECT_TRUE(source->timed()->broken());
  EXPECT_EQ(source->explain(), "error_text");
  EXPECT_EQ(source->stats().late_frames, 7U);
  EXPECT_TRUE(source->makes(SampleFormat::u8));
  EXPECT_FALSE(source->makes(SampleFormat::dsd_u8));
  ASSERT_TRUE(source->shape());
  EXPECT_EQ(source->shape()->channels, 3U);
  EXPECT_EQ(source->configure(kMono, 8).error(), EINVAL);
  device_.looked = Errno{EACCES};
  EXPECT_EQ(source->look(kMono).error(), EACCES);
}

/// A device that needs no times does not get any by its volume.
TEST_F(VolumeForwards, ADeviceNeedsTimesOnlyIfTheOneBehindDoes) {
  for (const bool timed : {false, true}) {
    device_.timed = timed;
    const auto sink = make_volume_sink(std::make_unique<FakeSink>(device_), path(false));
    EXPECT_EQ(sink->timed() != nullptr, timed);
    const auto source = make_volume_source(std::make_unique<FakeSource>(device_), path(false));
    EXPECT_EQ(source->timed() != nullptr, timed);
  }
}

TEST_F(VolumeForwards, AStreamOfNoLoopIsAnnouncedToNobody) {
  ASSERT_TRUE(MixerFile::create("card"));
  const UniqueFd watch(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  const auto file = runtime_.files() / "card.mixer";
  ASSERT_GE(inotify_add_watch(watch.get(), file.c_str(), IN_ATTRIB), 0);
  for (const bool announce : {false, true}) {
    const auto sink = make_volume_sink(std::make_unique<FakeSink>(device_), path(announce));
    ASSERT_TRUE(sink->configure(kMono, 8));
    sink->timed()->run({}, 0, 0);
    inotify_event event{};
    EXPECT_EQ(read(watch.get(), &event, sizeof event) > 0, announce);
  }
}

TEST_F(VolumeForwards, ACaptureBeginsAtTheVolumeThatIsSet) {
  ASSERT_TRUE(*MixerFile::create("card")->set(kCaptureSwitch, 0));
  const auto source = make_volume_source(make_counter_source(), path(false));
  std::vector<int16_t> frames(64, 1);
  ASSERT_TRUE(source->configure(kMono, 64));
  source->read(std::as_writable_bytes(std::span(frames)));
  EXPECT_EQ(frames, std::vector<int16_t>(64));
}

}  // namespace
}  // namespace dmasim
