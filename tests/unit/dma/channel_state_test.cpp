// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/channel_state.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

#include "tests/unit/dma/recording_port.h"

namespace dmasim {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr size_t kPeriod = 8;   // bytes; a frame is a byte, and takes a millisecond
constexpr size_t kBuffer = 20;  // not a multiple of the period

class ChannelStateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (size_t i = 0; i < buffer_.size(); ++i) buffer_[i] = static_cast<std::byte>(i);
    configure(Direction::mem_to_dev);
  }

  void configure(Direction direction) {
    ASSERT_TRUE(state_.configure({.direction = direction, .frames_per_s = 1000, .port = &port_}));
  }

  Cookie submit(Direction direction = Direction::mem_to_dev, bool callback_advances = false) {
    Result<Transfer*> transfer = state_.prep_dma_cyclic(buffer_, kPeriod, direction);
    EXPECT_TRUE(transfer.ok());
    (*transfer)->callback = [](const TxResult&) {};
    (*transfer)->callback_advances = callback_advances;
    const Result<Cookie> cookie = state_.submit(**transfer);
    EXPECT_TRUE(cookie.ok());
    return *cookie;
  }

  Cookie start(int64_t now_ns = 0) {
    const Cookie cookie = submit();
    state_.issue_pending(now_ns);
    return cookie;
  }

  void start_with_advancing_callback() {
    submit(Direction::mem_to_dev, true);
    state_.issue_pending(0);
  }

  std::array<std::byte, kBuffer> buffer_{};
  RecordingPort port_;
  ChannelState state_;
};

TEST_F(ChannelStateTest, SubmitQueuesAndIssuePendingStarts) {
  const Cookie cookie = submit();
  EXPECT_EQ(state_.active(), nullptr);
  EXPECT_EQ(state_.service_ns(), kNever);
  state_.issue_pending(0);
  ASSERT_NE(state_.active(), nullptr);
  EXPECT_EQ(state_.active()->cookie, cookie);
}

TEST_F(ChannelStateTest, CookiesRise) {
  const Cookie first = submit();
  const Cookie second = submit();
  EXPECT_LT(first, second);
  EXPECT_EQ(state_.tx_status(first).used, second);
}

TEST_F(ChannelStateTest, AdvanceMovesEveryByteThatIsDueAndNoOther) {
  const Cookie cookie = start();
  state_.advance(5 * kMs + kMs - 1);
  EXPECT_EQ(port_.written.size(), 5u);
  EXPECT_EQ(state_.tx_status(cookie).residue_bytes, kBuffer - 5);
  EXPECT_EQ(state_.tx_status(cookie).status, DmaStatus::in_progress);
}

TEST_F(ChannelStateTest, LapsOfTheRingComeInOrder) {
  const Cookie cookie = start();
  state_.advance(47 * kMs);
  ASSERT_EQ(port_.written.size(), 47u);
  for (size_t i = 0; i < 47; ++i) EXPECT_EQ(port_.written[i], static_cast<std::byte>(i % kBuffer));
  EXPECT_EQ(state_.tx_status(cookie).transferred_bytes, 47u);
  EXPECT_EQ(state_.tx_status(cookie).residue_bytes, kBuffer - 47 % kBuffer);
}

TEST_F(ChannelStateTest, TicksFallAtWholePeriodsFromTheStartAcrossTheWrap) {
  start(100);
  for (int64_t tick = 1; tick <= 6; ++tick) {
    const int64_t at_ns = 100 + tick * static_cast<int64_t>(kPeriod) * kMs;
    EXPECT_EQ(state_.service_ns(), at_ns);
    EXPECT_EQ(state_.service_at(at_ns - 1), Service::none);
    EXPECT_EQ(state_.service_at(at_ns), Service::advance);
    state_.advance(at_ns);
    EXPECT_EQ(state_.service_at(at_ns), Service::period);
    EXPECT_EQ(state_.pop_period(at_ns).periods, 1u);
  }
}

TEST_F(ChannelStateTest, LatePeriodsCoalesceInOneSlot) {
  start();
  state_.advance(26 * kMs);
  ASSERT_EQ(state_.service_at(26 * kMs), Service::period);
  EXPECT_EQ(state_.service_ns(), 8 * kMs) << "due since the first of them";
  const TxResult result = state_.pop_period(26 * kMs);
  EXPECT_EQ(result.periods, 3u);
  EXPECT_EQ(result.transferred_bytes, 26u);
  EXPECT_EQ(state_.service_at(26 * kMs), Service::none);
  EXPECT_EQ(state_.stats().periods_due, 3u);
  EXPECT_EQ(state_.stats().callbacks, 1u);
  EXPECT_EQ(state_.stats().coalesced, 2u);
}

/// The callback of such a transfer moves the bytes itself.
TEST_F(ChannelStateTest, ACallbackThatAdvancesComesBeforeTheBytesOfItsPeriod) {
  start_with_advancing_callback();
  EXPECT_EQ(state_.service_at(8 * kMs - 1), Service::none);
  ASSERT_EQ(state_.service_at(8 * kMs), Service::period);
  const TxResult result = state_.pop_period(17 * kMs);
  EXPECT_EQ(result.periods, 2u);
  EXPECT_EQ(result.transferred_bytes, 16u);
  EXPECT_EQ(result.residue_bytes, kBuffer - 16);
  EXPECT_TRUE(port_.written.empty());
  state_.advance(17 * kMs);
  EXPECT_EQ(port_.written.size(), 17u);
  EXPECT_EQ(state_.service_at(17 * kMs), Service::none) << "the period was taken already";
  EXPECT_EQ(state_.service_ns(), 24 * kMs);
}

TEST_F(ChannelStateTest, PauseAsOfAnEarlierTimeTakesBackThePeriod) {
  start_with_advancing_callback();
  static_cast<void>(state_.pop_period(8 * kMs));
  ASSERT_TRUE(state_.pause(7 * kMs));
  ASSERT_TRUE(state_.resume(20 * kMs));
  EXPECT_EQ(state_.service_ns(), 21 * kMs) << "the eighth frame comes after the pause";
}

TEST_F(ChannelStateTest, ADueCallbackComesBeforeMoreIsMoved) {
  start();
  state_.advance(8 * kMs);
  EXPECT_EQ(state_.service_at(1000 * kMs), Service::period) << "however far behind the hardware is";
}

TEST_F(ChannelStateTest, TerminateDropsWhatIsDueAndKeepsTheDescriptor) {
  const Cookie cookie = start();
  submit();
  state_.advance(9 * kMs);
  state_.terminate(9 * kMs);
  EXPECT_EQ(state_.service_at(100 * kMs), Service::none);
  EXPECT_EQ(state_.service_ns(), kNever);
  EXPECT_EQ(state_.tx_status(cookie).status, DmaStatus::error);
  EXPECT_EQ(state_.stats().dropped, 1u);
  EXPECT_EQ(state_.reap(state_.terminated() - 1).size(), 0u);
  EXPECT_EQ(state_.reap(state_.terminated()).size(), 2u);
}

TEST_F(ChannelStateTest, TerminateMovesWhatWasDueFirstAndNothingAfter) {
  start();
  state_.terminate(7 * kMs);
  EXPECT_EQ(port_.written.size(), 7u);
  EXPECT_EQ(port_.stops, 1);
  state_.advance(50 * kMs);
  EXPECT_EQ(port_.written.size(), 7u);
}

TEST_F(ChannelStateTest, GenerationsKeepOldAndNewTransfersApart) {
  start();
  state_.terminate(kMs);
  const Generation first = state_.terminated();
  start(2 * kMs);
  EXPECT_GT(state_.active()->generation, first);
  EXPECT_EQ(state_.reap(first).size(), 1u);
  ASSERT_NE(state_.active(), nullptr);
  state_.advance(5 * kMs);
  EXPECT_EQ(port_.written.size(), 1u + 3u);
}

TEST_F(ChannelStateTest, PauseActsAtOnceAndLosesNothing) {
  const Cookie cookie = start();
  ASSERT_TRUE(state_.pause(3 * kMs + kMs / 2));
  EXPECT_EQ(port_.written.size(), 3u);
  EXPECT_EQ(state_.tx_status(cookie).status, DmaStatus::paused);
  EXPECT_EQ(state_.service_ns(), kNever);
  state_.advance(1000 * kMs);
  EXPECT_EQ(port_.written.size(), 3u);
  ASSERT_TRUE(state_.resume(1000 * kMs));
  state_.advance(1000 * kMs + kMs / 2);
  EXPECT_EQ(port_.written.size(), 4u) << "the half frame before the pause counts";
}

TEST_F(ChannelStateTest, ResumingWhatIsNotPausedIsInvalid) {
  EXPECT_EQ(state_.pause(0).error(), EINVAL);
  start();
  EXPECT_EQ(state_.resume(0).error(), EINVAL);
  ASSERT_TRUE(state_.pause(0));
  EXPECT_EQ(state_.pause(0).error(), EINVAL);
}

TEST_F(ChannelStateTest, WhatLiesBeyondTheCommitLimitIsLeftovers) {
  start();
  state_.set_commit_limit(10);
  state_.advance(13 * kMs);
  EXPECT_EQ(port_.written.size(), 10u);
  EXPECT_EQ(port_.leftovers.size(), 3u);
  state_.set_commit_limit(15);
  state_.advance(20 * kMs);
  EXPECT_EQ(port_.written.size(), 12u);
  EXPECT_EQ(port_.leftovers.size(), 8u);
}

TEST_F(ChannelStateTest, BytesPastTheCommitStayCountedWhenTheClientCatchesUp) {
  const Cookie cookie = start();
  state_.set_commit_limit(10);
  state_.advance(10 * kMs);
  EXPECT_EQ(state_.tx_status(cookie).past_commit_bytes, 0u);
  state_.advance(13 * kMs);
  state_.set_commit_limit(30);
  state_.advance(15 * kMs);
  EXPECT_EQ(state_.tx_status(cookie).past_commit_bytes, 3u);
  state_.terminate(15 * kMs);
  EXPECT_EQ(state_.tx_status(start(20 * kMs)).past_commit_bytes, 0u);
}

/// After an hour in SIGSTOP the hardware must not move an hour of samples under the channel's lock.
TEST_F(ChannelStateTest, OfWhatNobodyVouchedForOnlyTheLastLapIsMoved) {
  const Cookie cookie = start();
  state_.set_commit_limit(10);
  state_.advance(3'600'000 * kMs);
  EXPECT_EQ(port_.written.size(), 10u);
  EXPECT_EQ(port_.leftovers.size(), kBuffer);
  EXPECT_EQ(port_.skipped, 3'600'000 - 10 - kBuffer);
  EXPECT_EQ(port_.leftovers.back(), buffer_[(3'600'000 - 1) % kBuffer]);
  EXPECT_EQ(state_.tx_status(cookie).transferred_bytes, 3'600'000u);
  EXPECT_EQ(state_.pop_period(3'600'000 * kMs).periods, 3'600'000 / kPeriod);
}

TEST_F(ChannelStateTest, WhatTheClientVouchesForIsMovedHoweverLate) {
  start();
  state_.set_commit_limit(10 * kBuffer);
  state_.advance(10 * static_cast<int64_t>(kBuffer) * kMs);
  EXPECT_EQ(port_.written.size(), 10 * kBuffer);
  EXPECT_EQ(port_.skipped, 0u);
}

TEST_F(ChannelStateTest, OfWhatIsCapturedTwiceOverOnlyTheLastLapIsMade) {
  configure(Direction::dev_to_mem);
  submit(Direction::dev_to_mem);
  state_.issue_pending(0);
  state_.advance(7 * kMs);
  state_.advance(1000 * kMs);
  EXPECT_EQ(port_.skipped, 1000 - 7 - kBuffer);
  for (size_t i = 1000 - kBuffer; i < 1000; ++i) {
    ASSERT_EQ(buffer_[i % kBuffer], static_cast<std::byte>(i)) << i;
  }
}

TEST_F(ChannelStateTest, TheFifoIsKeptOnlyWhenNothingCommittedIsLeftBehind) {
  start();
  state_.set_commit_limit(10);
  state_.terminate(4 * kMs);
  EXPECT_FALSE(port_.kept);
  start(5 * kMs);
  state_.set_commit_limit(10);
  state_.terminate(15 * kMs);
  EXPECT_TRUE(port_.kept);
}

TEST_F(ChannelStateTest, CaptureFillsTheBufferAfterTheFifo) {
  ASSERT_TRUE(state_.configure({.direction = Direction::dev_to_mem,
                                .frames_per_s = 1000,
                                .start_delay_frames = 2,
                                .port = &port_}));
  const Cookie cookie = submit(Direction::dev_to_mem);
  state_.issue_pending(0);
  state_.advance(2 * kMs);
  EXPECT_EQ(state_.tx_status(cookie).transferred_bytes, 0u);
  state_.advance(5 * kMs);
  EXPECT_EQ(state_.tx_status(cookie).transferred_bytes, 3u);
  EXPECT_EQ(buffer_[2], std::byte{2});
  EXPECT_EQ(state_.service_ns(), 10 * kMs) << "ticks wait for the FIFO too";
}

TEST_F(ChannelStateTest, AnAlarmByBytesFollowsThePauses) {
  start();
  state_.arm_alarm_at_bytes(5);
  EXPECT_EQ(state_.service_ns(), 5 * kMs);
  ASSERT_TRUE(state_.pause(2 * kMs));
  EXPECT_EQ(state_.service_ns(), kNever);
  ASSERT_TRUE(state_.resume(12 * kMs));
  EXPECT_EQ(state_.service_ns(), 15 * kMs);
  EXPECT_EQ(state_.service_at(15 * kMs), Service::alarm);
  state_.pop_alarm();
  EXPECT_EQ(state_.service_at(15 * kMs), Service::none);
}

TEST_F(ChannelStateTest, AnAlarmByTimeSurvivesTermination) {
  start();
  state_.arm_alarm_at(30 * kMs);
  state_.terminate(kMs);
  EXPECT_EQ(state_.service_ns(), 30 * kMs);
  state_.disarm_alarm();
  EXPECT_EQ(state_.service_ns(), kNever);
}

TEST_F(ChannelStateTest, BadTransfersAreRefused) {
  const auto prep = [this](size_t bytes, size_t period, Direction direction) {
    return state_.prep_dma_cyclic(std::span(buffer_).first(bytes), period, direction).error();
  };
  EXPECT_EQ(prep(0, 1, Direction::mem_to_dev), EINVAL);
  EXPECT_EQ(prep(8, 0, Direction::mem_to_dev), EINVAL);
  EXPECT_EQ(prep(8, 9, Direction::mem_to_dev), EINVAL);
  EXPECT_EQ(prep(8, 4, Direction::dev_to_mem), EINVAL);
  ASSERT_TRUE(state_.configure({.addr_width_bytes = 4, .port = &port_}));
  EXPECT_EQ(prep(18, 4, Direction::mem_to_dev), EINVAL);
  EXPECT_EQ(prep(16, 6, Direction::mem_to_dev), EINVAL);
  EXPECT_EQ(prep(16, 8, Direction::mem_to_dev), 0);
  Transfer stranger;
  EXPECT_EQ(state_.submit(stranger).error(), EINVAL);
}

TEST_F(ChannelStateTest, NoReconfigurationUnderATransfer) {
  submit();
  EXPECT_EQ(state_.configure({.port = &port_}).error(), EBUSY);
  state_.issue_pending(0);
  EXPECT_EQ(state_.configure({.port = &port_}).error(), EBUSY);
  state_.terminate(0);
  EXPECT_TRUE(state_.configure({.port = &port_}));
  EXPECT_EQ(state_.configure({.port = nullptr}).error(), EINVAL);
  EXPECT_EQ(state_.configure({.frames_per_s = 0, .port = &port_}).error(), EINVAL);
}

}  // namespace
}  // namespace dmasim
