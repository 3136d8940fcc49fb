// SPDX-License-Identifier: LGPL-2.1-or-later
/// How often a completion thread that serves two channels wakes.
#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "engine/dma/dma_device.h"
#include "tests/substream/lockstep.h"
#include "tests/unit/dma/recording_port.h"

namespace dmasim {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr size_t kPeriod = 8;  // a byte each millisecond

/// The time of lockstep.h. Counts how often the thread goes to sleep.
class CountingClock final : public Clock {
 public:
  [[nodiscard]] int64_t now_ns() const noexcept override { return lockstep::now_ns(); }
  [[nodiscard]] int64_t wake_up_ns(int64_t deadline_ns) const noexcept override {
    ++sleeps;
    return deadline_ns;
  }

  mutable int sleeps = 0;
};

struct Stream {
  size_t period_bytes = kPeriod;
  std::function<void()> alarm{};
  std::array<std::byte, 512> buffer{};
  RecordingPort port{};
  ChannelHandle channel{};  // destroyed first, because it may still use the other members
};

void start(DmaDevice& device, Stream& stream) {
  Result<ChannelHandle> channel = device.request_chan(stream.alarm);
  ASSERT_TRUE(channel);
  stream.channel = std::move(*channel);
  ASSERT_TRUE(stream.channel->slave_config({.frames_per_s = 1000, .port = &stream.port}));
  ASSERT_TRUE(stream.channel->request_irq());
  auto transfer =
      stream.channel->prep_dma_cyclic(stream.buffer, stream.period_bytes, Direction::mem_to_dev);
  ASSERT_TRUE(transfer);
  (*transfer)->callback = [](const TxResult&) {};
  ASSERT_TRUE(stream.channel->submit(**transfer));
  stream.channel->issue_pending();
  lockstep::settle();
}

/// The thread sleeps until the second channel's tick, because the first one's is a little earlier.
TEST(SharedThread, SleepsOnWhenAChannelStillNeedsItAtTheSameTime) {
  auto clock = std::make_shared<CountingClock>();
  auto device = std::make_shared<DmaDevice>(
      clock, DmaDevice::Options{.completion = CompletionTopology::shared});
  Stream first;
  Stream second;
  const int64_t begin_ns = lockstep::now_ns();
  ASSERT_NO_FATAL_FAILURE(start(*device, first));
  lockstep::advance_to(begin_ns + 2 * kMs);
  ASSERT_NO_FATAL_FAILURE(start(*device, second));
  lockstep::advance_to(begin_ns + 11 * kMs);
  const int before = clock->sleeps;
  for (int i = 0; i < 4; ++i) {
    first.channel->advance();
    lockstep::settle();
  }
  EXPECT_EQ(clock->sleeps, before);
}

/// A program with long periods may wait for a position in the midst of one. It gets no wake-up for
/// this position but by the alarm.
TEST(SharedThread, IsInTimeForAnAlarmInTheMidstOfALongPeriod) {
  auto device =
      std::make_shared<DmaDevice>(std::make_shared<CountingClock>(),
                                  DmaDevice::Options{.completion = CompletionTopology::shared});
  const int64_t begin_ns = lockstep::now_ns();
  int64_t came_ns = 0;
  Stream first{.period_bytes = 400, .alarm = [&] { came_ns = lockstep::now_ns(); }};
  Stream second{.period_bytes = 11};
  ASSERT_NO_FATAL_FAILURE(start(*device, first));
  ASSERT_NO_FATAL_FAILURE(start(*device, second));
  first.channel->arm_alarm_at_bytes(10);
  lockstep::advance_to(begin_ns + 100 * kMs);
  EXPECT_EQ((came_ns - begin_ns) / kMs, 10);
}

}  // namespace
}  // namespace dmasim
