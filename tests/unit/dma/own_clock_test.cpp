// SPDX-License-Identifier: LGPL-2.1-or-later
/// Channels whose devices run by clocks of their own.
#include <gtest/gtest.h>

#include <array>

#include "engine/dma/dma_device.h"
#include "tests/unit/dma/recording_port.h"
#include "tests/unit/gate.h"

namespace dmasim {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr size_t kPeriod = 4;  // a byte each millisecond

class OwnClock : public ::testing::TestWithParam<CompletionTopology> {
 protected:
  struct Stream {
    std::array<std::byte, 4 * kPeriod> buffer{};
    RecordingPort port;
    Gate called;
    ChannelHandle channel;  // destroyed first, because it may still use the other members
  };

  void start(Stream& stream, std::shared_ptr<const Clock> clock) {
    Result<ChannelHandle> channel = device_->request_chan({}, std::move(clock));
    ASSERT_TRUE(channel);
    stream.channel = std::move(*channel);
    ASSERT_TRUE(stream.channel->slave_config({.frames_per_s = 1000, .port = &stream.port}));
    ASSERT_TRUE(stream.channel->request_irq());
    auto transfer = stream.channel->prep_dma_cyclic(stream.buffer, kPeriod, Direction::mem_to_dev);
    ASSERT_TRUE(transfer);
    (*transfer)->callback = [&stream](const TxResult&) { stream.called.open(); };
    const auto cookie = stream.channel->submit(**transfer);
    ASSERT_TRUE(cookie);
    cookie_ = *cookie;
    stream.channel->issue_pending();
  }
  uint64_t moved(Stream& stream) { return stream.channel->tx_status(cookie_).transferred_bytes; }

  const std::shared_ptr<DmaDevice> device_ = std::make_shared<DmaDevice>(
      std::make_shared<RealtimeClock>(), DmaDevice::Options{.completion = GetParam()});
  Cookie cookie_;
};

TEST_P(OwnClock, MovesTheHardwareAlone) {
  const auto clock = std::make_shared<ManualClock>();
  Stream stream;
  ASSERT_NO_FATAL_FAILURE(start(stream, clock));
  clock->advance_to_ns(3 * kMs);
  EXPECT_EQ(moved(stream), 3U);
  clock->advance_to_ns(2 * kMs);
  EXPECT_EQ(moved(stream), 3U) << "a clock does not go back";
  EXPECT_FALSE(stream.called.is_open());
}

/// The clock is far behind the completion thread's, or far ahead of it.
TEST_P(OwnClock, CallsBackWhenItHasMovedThroughAPeriod) {
  for (const int64_t begin_ns : {int64_t{0}, INT64_MAX / 2}) {
    const auto clock = std::make_shared<ManualClock>(begin_ns);
    Stream stream;
    ASSERT_NO_FATAL_FAILURE(start(stream, clock));
    clock->advance_ns(kPeriod * kMs);
    stream.channel->advance();
    stream.called.wait();
    EXPECT_EQ(stream.channel->irq_stats().periods_due, 1U);
    EXPECT_EQ(stream.channel->irq_stats().lateness.max_ns(), 0) << "by its own clock";
  }
}

TEST_P(OwnClock, DoesNotHoldUpAChannelThatRunsByTheControllers) {
  const auto clock = std::make_shared<ManualClock>();
  Stream standing;
  ASSERT_NO_FATAL_FAILURE(start(standing, clock));
  Stream running;
  ASSERT_NO_FATAL_FAILURE(start(running, nullptr));
  running.called.wait();
  EXPECT_FALSE(standing.called.is_open());
}

INSTANTIATE_TEST_SUITE_P(Engine, OwnClock,
                         ::testing::Values(CompletionTopology::per_channel,
                                           CompletionTopology::shared));

}  // namespace
}  // namespace dmasim
