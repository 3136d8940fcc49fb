// SPDX-License-Identifier: LGPL-2.1-or-later
/// The times of a device's frames: either at the edges of a clock that all devices of its rate
/// share, or at any time.
#include <gtest/gtest.h>

#include <array>

#include "engine/dma/channel_state.h"
#include "engine/dma/port.h"

namespace dmasim {
namespace {

constexpr uint32_t kRate = 44100;
constexpr int64_t kStart = 123'456'789;  // between two edges

/// Stores the clock that it gets at a start, and after a pause.
class ClockedPort final : public Port {
 public:
  void write(std::span<const std::byte>, bool) noexcept override {}
  void read(std::span<std::byte>) noexcept override {}
  void skip(uint64_t) noexcept override {}
  bool run(const FrameTime& run_time, uint64_t from) noexcept override {
    time = run_time;
    frame = from;
    return true;
  }
  void stop(bool) noexcept override {}
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }

  FrameTime time;
  uint64_t frame = 0;
};

class CommonFrameClock : public ::testing::Test {
 protected:
  void start(bool common) {
    ASSERT_TRUE(state_.configure({.direction = Direction::mem_to_dev,
                                  .frames_per_s = kRate,
                                  .common_frame_clock = common,
                                  .port = &port_}));
    const auto transfer = state_.prep_dma_cyclic(buffer_, 64, Direction::mem_to_dev);
    ASSERT_TRUE(transfer);
    ASSERT_TRUE(state_.submit(**transfer));
    state_.issue_pending(kStart);
  }
  /// How long after an edge frame 0 of that clock comes.
  [[nodiscard]] int64_t behind_an_edge_ns() const {
    FrameTime edges(kRate, 0);
    edges.start(0);
    const int64_t origin_ns = port_.time.origin_ns();
    return origin_ns - edges.time_of(edges.frames_at(origin_ns));
  }

  std::array<std::byte, 256> buffer_{};
  ClockedPort port_;
  ChannelState state_;
};

TEST_F(CommonFrameClock, AStartFallsOnAnEdge) {
  ASSERT_NO_FATAL_FAILURE(start(true));
  EXPECT_EQ(behind_an_edge_ns(), 0);
  EXPECT_GE(port_.time.origin_ns(), kStart);
  EXPECT_LT(port_.time.origin_ns(), kStart + 22'677) << "the next one";
}

TEST_F(CommonFrameClock, AResumeFallsOnAnEdge) {
  ASSERT_NO_FATAL_FAILURE(start(true));
  int64_t now_ns = kStart;
  uint64_t moved = 0;
  for (int64_t i = 1; i < 20; ++i) {
    now_ns += 1'234'567 * i;
    ASSERT_TRUE(state_.pause(now_ns));
    EXPECT_GT(port_.time.frames_at(now_ns), moved);
    moved = port_.time.frames_at(now_ns);
    now_ns += 765'433 * i;
    ASSERT_TRUE(state_.resume(now_ns));
    EXPECT_EQ(behind_an_edge_ns(), 0) << i;
    EXPECT_EQ(port_.frame, moved) << "and goes on where it was";
  }
}

TEST_F(CommonFrameClock, ADeviceWithAClockOfItsOwnFallsAnywhere) {
  ASSERT_NO_FATAL_FAILURE(start(false));
  EXPECT_EQ(port_.time.origin_ns(), kStart);
  ASSERT_TRUE(state_.pause(kStart + 1'000'000));
  ASSERT_TRUE(state_.resume(kStart + 1'333'333));
  EXPECT_EQ(port_.time.origin_ns(), kStart + 333'333);
}

}  // namespace
}  // namespace dmasim
