// SPDX-License-Identifier: LGPL-2.1-or-later
/// When a completion thread that serves several channels wakes.
#include <gtest/gtest.h>

#include <array>

#include "engine/dma/dma_device.h"
#include "tests/unit/dma/recording_port.h"

namespace dmasim {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr size_t kPeriod = 4;       // a byte each millisecond
constexpr size_t kLongPeriod = 40;  // of which a quarter would be too late

/// Moves only by go_to(). Knows until when the thread sleeps.
class SleepClock final : public Clock {
 public:
  [[nodiscard]] int64_t now_ns() const noexcept override {
    MutexLock guard(lock_);
    return now_ns_;
  }
  [[nodiscard]] int64_t wake_up_ns(int64_t deadline_ns) const noexcept override {
    MutexLock guard(lock_);
    sleeps_until_ns_ = deadline_ns;
    slept_.notify_all();
    return kNever;
  }
  void go_to(int64_t now_ns) {
    MutexLock guard(lock_);
    now_ns_ = now_ns;
    sleeps_until_ns_ = kNever;
  }
  /// Waits until the thread sleeps, and answers until when.
  [[nodiscard]] int64_t sleeps_until_ns() {
    MutexLock guard(lock_);
    while (sleeps_until_ns_ <= now_ns_ || sleeps_until_ns_ == kNever) slept_.wait(lock_);
    return sleeps_until_ns_;
  }

 private:
  mutable Mutex lock_;
  mutable CondVar slept_;
  int64_t now_ns_ DMASIM_GUARDED_BY(lock_) = 0;
  mutable int64_t sleeps_until_ns_ DMASIM_GUARDED_BY(lock_) = kNever;
};

class SharedWakeUp : public ::testing::Test {
 protected:
  struct Stream {
    std::array<std::byte, 4 * kLongPeriod> buffer{};
    RecordingPort port;
    ChannelHandle channel;  // destroyed first, because it may still use the other members
  };

  void start(Stream& stream, size_t period = kPeriod) {
    Result<ChannelHandle> channel = device_->request_chan();
    ASSERT_TRUE(channel);
    stream.channel = std::move(*channel);
    ASSERT_TRUE(stream.channel->slave_config({.frames_per_s = 1000, .port = &stream.port}));
    ASSERT_TRUE(stream.channel->request_irq());
    auto transfer = stream.channel->prep_dma_cyclic(stream.buffer, period, Direction::mem_to_dev);
    ASSERT_TRUE(transfer);
    (*transfer)->callback = [](const TxResult&) {};
    ASSERT_TRUE(stream.channel->submit(**transfer));
    stream.channel->issue_pending();
  }
  /// The time is `ms`. Answers until when the thread sleeps after it has looked.
  int64_t next_wake_up_ms(Stream& stream, int64_t ms) {
    clock_->go_to(ms * kMs);
    stream.channel->arm_alarm_at(INT64_MAX - 1);  // only to make the thread look
    return clock_->sleeps_until_ns() / kMs;
  }

  std::shared_ptr<SleepClock> clock_ = std::make_shared<SleepClock>();
  std::shared_ptr<DmaDevice> device_ = std::make_shared<DmaDevice>(
      clock_, DmaDevice::Options{.completion = CompletionTopology::shared});
};

TEST_F(SharedWakeUp, ServesTicksThatAreAQuarterOfAPeriodApart) {
  Stream first;
  Stream second;
  ASSERT_NO_FATAL_FAILURE(start(first));
  clock_->go_to(1 * kMs);
  ASSERT_NO_FATAL_FAILURE(start(second));
  EXPECT_EQ(next_wake_up_ms(first, 4), 5);
  EXPECT_EQ(next_wake_up_ms(first, 5), 9) << "both, of which the first was due at 8";
  EXPECT_EQ(next_wake_up_ms(first, 9), 13);
}

TEST_F(SharedWakeUp, IsNoLaterThanThat) {
  Stream first;
  Stream second;
  ASSERT_NO_FATAL_FAILURE(start(first));
  clock_->go_to(2 * kMs);
  ASSERT_NO_FATAL_FAILURE(start(second));
  EXPECT_EQ(next_wake_up_ms(first, 4), 6);
  EXPECT_EQ(next_wake_up_ms(first, 6), 8);
  EXPECT_EQ(next_wake_up_ms(first, 8), 10);
}

TEST_F(SharedWakeUp, IsNoLaterThanTwoMilliseconds) {
  Stream first;
  Stream second;
  ASSERT_NO_FATAL_FAILURE(start(first, kLongPeriod));
  clock_->go_to(3 * kMs);
  ASSERT_NO_FATAL_FAILURE(start(second, kLongPeriod));
  EXPECT_EQ(next_wake_up_ms(first, 40), 43);
  EXPECT_EQ(next_wake_up_ms(first, 43), 80);
}

TEST_F(SharedWakeUp, ComesInTimeForOneChannel) {
  Stream only;
  ASSERT_NO_FATAL_FAILURE(start(only));
  EXPECT_EQ(next_wake_up_ms(only, 4), 8);
}

}  // namespace
}  // namespace dmasim
