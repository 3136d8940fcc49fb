// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/device/capture_port.h"
#include "engine/device/playback_port.h"

namespace dmasim {
namespace {

class RecordingSink final : public Sink, public TimedSink {
 public:
  Result<void> configure(const PcmFormat&, uint64_t) override { return {}; }
  void write(std::span<const std::byte> bytes, bool committed) noexcept override {
    for (const std::byte each : bytes) out.push_back({std::to_integer<int>(each), committed});
  }
  void flush_async() noexcept override {}
  Result<void> flush() override { return {}; }
  [[nodiscard]] SinkStats stats() const noexcept override { return {}; }

  [[nodiscard]] TimedSink* timed() noexcept override { return this; }
  void commit(std::span<const std::byte>, uint64_t) noexcept override {}
  void free_run(std::span<const std::byte>, uint64_t, uint64_t) noexcept override {}
  bool run(const FrameTime&, uint64_t depth, uint64_t frame) noexcept override {
    reported.push_back({"run", frame});
    run_depth = depth;
    return in_time;
  }
  void pause(uint64_t frame) noexcept override { reported.push_back({"pause", frame}); }
  void stop(uint64_t frame) noexcept override { reported.push_back({"stop", frame}); }

  std::vector<std::pair<int, bool>> out;
  std::vector<std::pair<std::string, uint64_t>> reported;
  uint64_t run_depth = 0;
  bool in_time = true;
};

std::vector<std::byte> count_from(int first, int count) {
  std::vector<std::byte> bytes;
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(first + i));
  return bytes;
}

TEST(PlaybackPort, WithoutAFifoFramesPassStraightThrough) {
  RecordingSink sink;
  PlaybackPort port(sink);
  ASSERT_TRUE(port.configure(2, 0));
  port.write(count_from(0, 6), true);
  EXPECT_EQ(sink.out.size(), 6u);
  EXPECT_EQ(port.in_flight_bytes(), 0u);
}

TEST(PlaybackPort, AFrameComesOutDepthFramesAfterItWentIn) {
  RecordingSink sink;
  PlaybackPort port(sink);
  ASSERT_TRUE(port.configure(1, 4));
  int in = 0;
  for (const int count : {1, 2, 3, 11, 1, 4, 5}) {
    port.write(count_from(in, count), true);
    in += count;
    EXPECT_EQ(sink.out.size(), static_cast<size_t>(std::max(in - 4, 0)));
    EXPECT_EQ(port.in_flight_bytes(), static_cast<size_t>(std::min(in, 4)));
  }
  for (size_t i = 0; i < sink.out.size(); ++i) EXPECT_EQ(sink.out[i].first, static_cast<int>(i));
}

TEST(PlaybackPort, LeftoversStayMarkedThroughTheFifo) {
  RecordingSink sink;
  PlaybackPort port(sink);
  ASSERT_TRUE(port.configure(1, 3));
  port.write(count_from(0, 2), true);
  port.write(count_from(2, 2), false);
  port.write(count_from(4, 2), true);
  port.stop(true);
  const std::vector<std::pair<int, bool>> expected{{0, true},  {1, true}, {2, false},
                                                   {3, false}, {4, true}, {5, true}};
  EXPECT_EQ(sink.out, expected);
}

TEST(PlaybackPort, StopDiscardsTheFifoUnlessItIsToBeKept) {
  RecordingSink sink;
  PlaybackPort port(sink);
  ASSERT_TRUE(port.configure(1, 3));
  port.write(count_from(0, 5), true);
  port.stop(false);
  EXPECT_EQ(sink.out.size(), 2u);
  EXPECT_EQ(port.in_flight_bytes(), 0u);
  port.write(count_from(0, 3), true);
  EXPECT_EQ(sink.out.size(), 2u) << "the FIFO fills anew";
}

TEST(PlaybackPort, SkippingEmptiesTheFifoAndFillsItWithLeftovers) {
  RecordingSink sink;
  PlaybackPort port(sink);
  ASSERT_TRUE(port.configure(1, 3));
  port.write(count_from(0, 5), true);
  port.skip(2);
  EXPECT_EQ(sink.out.size(), 4u);
  port.skip(1'000'000'000'000);
  EXPECT_EQ(port.in_flight_bytes(), 3u);
  port.write(count_from(5, 4), true);
  port.stop(true);
  size_t committed = 0;
  for (const auto& [byte, vouched] : sink.out) {
    if (!vouched) continue;
    EXPECT_EQ(byte, static_cast<int>(committed++));
  }
  EXPECT_EQ(committed, 9u);
}

TEST(PlaybackPort, ReportsToTheSinkWhichFramesHaveComeOut) {
  RecordingSink sink;
  PlaybackPort port(sink);
  ASSERT_TRUE(port.configure(1, 3));
  EXPECT_TRUE(port.run({}, 0));
  EXPECT_EQ(sink.run_depth, 3U);
  port.write(count_from(0, 8), true);
  port.pause();
  port.run({}, 8);
  port.skip(10);
  port.write(count_from(0, 1), true);
  port.stop(false);
  sink.in_time = false;
  EXPECT_FALSE(port.run({}, 0));
  port.write(count_from(0, 2), true);
  port.stop(true);
  const std::vector<std::pair<std::string, uint64_t>> expected{
      {"run", 0}, {"pause", 5}, {"run", 5}, {"stop", 16}, {"run", 0}, {"stop", 2}};
  EXPECT_EQ(sink.reported, expected);
}

TEST(PlaybackPort, WithoutAFifoAllThatWasTakenHasComeOut) {
  RecordingSink sink;
  PlaybackPort port(sink);
  ASSERT_TRUE(port.configure(2, 0));
  port.run({}, 0);
  port.write(count_from(0, 6), true);
  port.skip(4);
  port.stop(false);
  EXPECT_EQ(sink.reported.back(), (std::pair<std::string, uint64_t>{"stop", 5}));
}

TEST(PlaybackPort, ASinkThatNeedsNoTimesIsNeverLate) {
  const auto sink = make_null_sink();
  ASSERT_TRUE(sink->configure({.sample = SampleFormat::u8, .channels = 1, .rate_hz = 8000}, 16));
  PlaybackPort port(*sink);
  ASSERT_TRUE(port.configure(1, 3));
  EXPECT_TRUE(port.run({}, 0));
  port.write(count_from(0, 5), true);
  port.pause();
  port.stop(true);
  EXPECT_EQ(sink->stats().written_frames, 5U);
}

TEST(CapturePort, ReadsTheSourceAndReportsTheFifo) {
  const auto source = make_counter_source();
  ASSERT_TRUE(source->configure({.sample = SampleFormat::u8, .channels = 1, .rate_hz = 8000}, 16));
  CapturePort port(*source);
  port.configure(1, 4);
  EXPECT_EQ(port.in_flight_bytes(), 0u);
  std::vector<std::byte> frames(5);
  port.read(frames);
  EXPECT_EQ(std::to_integer<uint64_t>(frames[4]), counter_sample(SampleFormat::u8, 4, 0));
  EXPECT_EQ(port.in_flight_bytes(), 4u);
  port.stop(false);
  EXPECT_EQ(port.in_flight_bytes(), 0u);
}

}  // namespace
}  // namespace dmasim
