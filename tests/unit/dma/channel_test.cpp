// SPDX-License-Identifier: LGPL-2.1-or-later
/// The channel with its real completion thread, on a clock that the test moves.
#include "engine/dma/channel.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <thread>
#include <utility>

#include "engine/dma/dma_device.h"
#include "tests/unit/dma/recording_port.h"
#include "tests/unit/gate.h"

namespace dmasim {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr size_t kPeriod = 8;

class ChannelTest : public ::testing::TestWithParam<CompletionTopology> {
 protected:
  struct Stream {
    std::array<std::byte, 4 * kPeriod> buffer{};
    RecordingPort port;
    Cookie cookie{};
    ChannelHandle channel;  // destroyed first, because it may still use the other members
  };

  std::unique_ptr<Stream> open(std::function<void()> alarm = {}) {
    auto stream = std::make_unique<Stream>();
    Result<ChannelHandle> channel = engine_->request_chan(std::move(alarm));
    EXPECT_TRUE(channel.ok());
    stream->channel = std::move(*channel);
    EXPECT_TRUE(stream->channel->slave_config({.frames_per_s = 1000, .port = &stream->port}));
    return stream;
  }

  void start(Stream& stream, std::function<void(const TxResult&)> callback) {
    ASSERT_TRUE(stream.channel->request_irq());
    issue(stream, std::move(callback));
  }

  void issue(Stream& stream, std::function<void(const TxResult&)> callback) {
    Result<TxDescriptor*> transfer =
        stream.channel->prep_dma_cyclic(stream.buffer, kPeriod, Direction::mem_to_dev);
    ASSERT_TRUE(transfer.ok());
    (*transfer)->callback = std::move(callback);
    const Result<Cookie> cookie = stream.channel->submit(**transfer);
    ASSERT_TRUE(cookie.ok());
    stream.cookie = *cookie;
    stream.channel->issue_pending();
  }

  void pass(Stream& stream, int64_t ns) {
    clock_->advance_ns(ns);
    stream.channel->advance();
  }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<DmaDevice> engine_ =
      std::make_shared<DmaDevice>(clock_, DmaDevice::Options{.completion = GetParam()});
};

TEST_P(ChannelTest, ACallbackMayStopItsOwnChannelAndSynchronizeWaitsForIt) {
  auto stream = open();
  Gate running;
  Gate finish;
  Gate finished;
  start(*stream, [&](const TxResult&) {
    stream->channel->terminate_async();
    running.open();
    finish.wait();
    finished.open();
  });
  pass(*stream, 8 * kMs);
  running.wait();
  EXPECT_TRUE(stream->channel->in_callback());
  std::thread finisher([&] { finish.open(); });
  EXPECT_TRUE(stream->channel->synchronize());
  EXPECT_TRUE(finished.is_open());
  EXPECT_EQ(stream->channel->irq_stats().terminations_in_callback, 1u);
  EXPECT_EQ(stream->channel->irq_stats().callbacks_after_synchronize, 0u);
  finisher.join();
}

TEST_P(ChannelTest, WaitingCallsAreRefusedOnCompletionThreads) {
  auto stream = open();
  auto other = open();
  Gate done;
  std::array<int, 6> errors{};
  start(*stream, [&](const TxResult&) {
    errors = {stream->channel->synchronize().error(), stream->channel->terminate_sync().error(),
              other->channel->synchronize().error(),  other->channel->terminate_sync().error(),
              stream->channel.release().error(),      stream->channel->request_irq().error()};
    done.open();
  });
  pass(*stream, 8 * kMs);
  done.wait();
  for (const int error : errors) EXPECT_EQ(error, EDEADLK);
  EXPECT_EQ(stream->channel->tx_status(stream->cookie).status, DmaStatus::in_progress);
  EXPECT_TRUE(stream->channel->terminate_sync());
}

TEST_P(ChannelTest, ACallbackMayPrepareAndIssueTheNextTransfer) {
  auto stream = open();
  Gate second;
  start(*stream, [&](const TxResult&) {
    stream->channel->terminate_async();
    issue(*stream, [&](const TxResult&) { second.open(); });
  });
  while (!second.is_open()) pass(*stream, 8 * kMs);
  EXPECT_TRUE(stream->channel->terminate_sync());
}

TEST_P(ChannelTest, SynchronizeLeavesALaterTransferAlone) {
  auto stream = open();
  start(*stream, [](const TxResult&) {});
  stream->channel->terminate_async();
  start(*stream, [](const TxResult&) {});
  EXPECT_TRUE(stream->channel->synchronize());
  EXPECT_EQ(stream->channel->tx_status(stream->cookie).status, DmaStatus::in_progress);
}

TEST_P(ChannelTest, SynchronizeWaitsForNoStrangersCallback) {
  auto stream = open();
  auto other = open();
  Gate running;
  Gate finish;
  start(*stream, [&](const TxResult&) {
    running.open();
    finish.wait();
  });
  start(*other, [](const TxResult&) {});
  pass(*stream, 8 * kMs);
  running.wait();
  EXPECT_TRUE(other->channel->terminate_sync());  // the test hangs if this waits
  finish.open();
  EXPECT_TRUE(stream->channel->terminate_sync());  // the gates are destroyed before the stream
}

TEST_P(ChannelTest, SynchronizeFreesTheDescriptors) {
  auto stream = open();
  auto token = std::make_shared<int>(0);
  start(*stream, [token](const TxResult&) {});
  EXPECT_EQ(token.use_count(), 2);
  stream->channel->terminate_async();
  EXPECT_EQ(token.use_count(), 2) << "kept until synchronized";
  EXPECT_TRUE(stream->channel->synchronize());
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(ChannelTest, AnAlarmRunsAndMayBeArmedAgainFromItself) {
  Gate third;
  int alarms = 0;
  Stream* self = nullptr;
  auto stream = open([&] {
    if (++alarms == 3) {
      third.open();
    } else {
      self->channel->arm_alarm_at(clock_->now_ns());
    }
  });
  self = stream.get();
  ASSERT_TRUE(stream->channel->request_irq());
  stream->channel->arm_alarm_at(5 * kMs);
  pass(*stream, 5 * kMs);
  third.wait();
  EXPECT_TRUE(stream->channel->terminate_sync());
  EXPECT_EQ(stream->channel->irq_stats().alarms, 3u);
}

TEST_P(ChannelTest, ACallbackThatAdvancesCommitsBeforeTheBytesAreMoved) {
  auto stream = open();
  ASSERT_TRUE(stream->channel->request_irq());
  Result<TxDescriptor*> transfer =
      stream->channel->prep_dma_cyclic(stream->buffer, kPeriod, Direction::mem_to_dev);
  Gate called;
  TxResult reported;
  size_t moved_before = 0;
  (*transfer)->callback_advances = true;
  (*transfer)->callback = [&](const TxResult& result) {
    reported = result;
    moved_before = stream->port.written.size() + stream->port.leftovers.size();
    stream->channel->set_commit_limit(5);
    called.open();
  };
  ASSERT_TRUE(stream->channel->submit(**transfer).ok());
  clock_->advance_ns(0);
  stream->channel->issue_pending();
  clock_->advance_ns(8 * kMs);
  stream->channel->arm_alarm_at(INT64_MAX - 1);  // only to make the thread look
  called.wait();
  EXPECT_TRUE(stream->channel->terminate_sync());
  EXPECT_EQ(moved_before, 0u);
  EXPECT_EQ(reported.transferred_bytes, 8u);
  EXPECT_EQ(reported.residue_bytes, sizeof stream->buffer - 8u);
  EXPECT_EQ(stream->port.written.size(), 5u);
  EXPECT_EQ(stream->port.leftovers.size(), 3u);
}

/// Bytes that become due while the client commits must wait for the next call: the client was not
/// asked about them.
TEST_P(ChannelTest, TheThreadAdvancesNoFurtherThanTheCallbackWasAskedAbout) {
  auto stream = open();
  ASSERT_TRUE(stream->channel->request_irq());
  Result<TxDescriptor*> transfer =
      stream->channel->prep_dma_cyclic(stream->buffer, kPeriod, Direction::mem_to_dev);
  Gate called;
  Gate called_again;
  size_t leftovers = 0;
  size_t written = 0;
  (*transfer)->callback_advances = true;
  (*transfer)->callback = [&, first = true](const TxResult&) mutable {
    if (!std::exchange(first, false)) {
      leftovers = stream->port.leftovers.size();
      written = stream->port.written.size();
      return called_again.open();
    }
    stream->channel->set_commit_limit(8);
    clock_->advance_ns(4 * kMs);
    called.open();
  };
  ASSERT_TRUE(stream->channel->submit(**transfer).ok());
  stream->channel->issue_pending();
  clock_->advance_ns(8 * kMs);
  stream->channel->arm_alarm_at(INT64_MAX - 1);  // only to make the thread look
  called.wait();
  clock_->advance_ns(4 * kMs);
  stream->channel->arm_alarm_at(INT64_MAX - 1);
  called_again.wait();
  EXPECT_EQ(written, 8u);
  EXPECT_EQ(leftovers, 0u);
  EXPECT_TRUE(stream->channel->terminate_sync());
}

TEST_P(ChannelTest, PauseAndStatusAdvanceNoFurtherThanTheClientKnows) {
  auto stream = open();
  issue(*stream, {});
  clock_->advance_ns(8 * kMs);
  EXPECT_EQ(
      stream->channel->tx_status(stream->cookie, {.limit_bytes = 5}, 5 * kMs).transferred_bytes,
      5u);
  EXPECT_TRUE(stream->channel->pause(7, 7 * kMs));
  EXPECT_TRUE(stream->channel->resume());
  EXPECT_EQ(stream->channel->tx_status(stream->cookie).transferred_bytes, 7u);
  EXPECT_EQ(stream->port.written.size(), 7u);
  EXPECT_TRUE(stream->port.leftovers.empty());
  EXPECT_TRUE(stream->channel->terminate_sync());
}

TEST_P(ChannelTest, ReleaseInAnyStateLeavesNothingBehind) {
  for (int turn = 0; turn < 50; ++turn) {
    auto stream = open();
    start(*stream, [](const TxResult&) {});
    pass(*stream, turn * kMs);
    EXPECT_TRUE(stream->channel.release());
    EXPECT_FALSE(stream->channel);
  }
}

INSTANTIATE_TEST_SUITE_P(BothTopologies, ChannelTest,
                         ::testing::Values(CompletionTopology::per_channel,
                                           CompletionTopology::shared),
                         [](const auto& instance) {
                           return instance.param == CompletionTopology::shared ? "shared"
                                                                               : "per_channel";
                         });

}  // namespace
}  // namespace dmasim
