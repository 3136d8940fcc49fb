// SPDX-License-Identifier: LGPL-2.1-or-later
/// A DMA controller and its channels, with their real completion threads.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <type_traits>
#include <vector>

#include "engine/dma/dma_device.h"
#include "tests/unit/dma/recording_port.h"
#include "tests/unit/gate.h"

namespace dmasim {
namespace {

// A client has the descriptors that a channel gives it, and makes none.
static_assert(!std::is_default_constructible_v<TxDescriptor>);
static_assert(!std::is_move_constructible_v<TxDescriptor>);

constexpr int64_t kMs = 1'000'000;

class EngineTest : public ::testing::TestWithParam<CompletionTopology> {
 protected:
  void SetUp() override {
    options_.completion = GetParam();
    options_.channel_names = {"tx", "rx"};
    make();
  }

  void make() { engine_ = std::make_shared<DmaDevice>(clock_, options_); }

  /// A channel that plays a byte a millisecond. With `threaded` it calls back.
  ChannelHandle open(bool threaded = true) {
    Result<ChannelHandle> channel = engine_->request_chan();
    EXPECT_TRUE(channel.ok());
    EXPECT_TRUE((*channel)->slave_config({.frames_per_s = 1000, .port = &port_}));
    if (threaded) {
      EXPECT_TRUE((*channel)->request_irq());
    }
    return *std::move(channel);
  }

  TxDescriptor& prep(ChannelHandle& channel, PrepFlags flags = {}) {
    const std::array<SgEntry, 1> list{SgEntry{buffer_.data(), 8}};
    return **channel->prep_slave_sg(list, Direction::mem_to_dev, flags);
  }

  void pass(ChannelHandle& channel, int64_t ms) {
    clock_->advance_ns(ms * kMs);
    channel->advance();
  }

  std::array<std::byte, 8> buffer_{};
  RecordingPort port_;
  DmaDevice::Options options_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<DmaDevice> engine_;
};

TEST_P(EngineTest, AChannelOfANameIsForOneClientAtATime) {
  Result<ChannelHandle> first = engine_->request_chan("tx");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(engine_->request_chan("tx").error(), EBUSY);
  EXPECT_TRUE(engine_->request_chan("rx").ok());
  EXPECT_TRUE(first->release());
  EXPECT_TRUE(engine_->request_chan("tx").ok());
}

TEST_P(EngineTest, ANameThatTheControllerHasNotIsNoDevice) {
  EXPECT_EQ(engine_->request_chan("tx2").error(), ENODEV);
  EXPECT_EQ(engine_->request_chan(std::string_view{}).error(), ENODEV);
}

TEST_P(EngineTest, ChannelsWithoutANameNeverRunOut) {
  std::vector<ChannelHandle> channels;
  for (int i = 0; i < 20; ++i) channels.push_back(open(false));
  EXPECT_TRUE(engine_->request_chan("tx").ok()) << "and take no other's";
}

TEST_P(EngineTest, AChannelReportsTheCapsOfItsController) {
  options_.channel.caps.max_burst = 3;
  make();
  EXPECT_EQ((*engine_->request_chan())->slave_caps(), options_.channel.caps);
}

TEST_P(EngineTest, EachTransferCallsBackOnceAndIsFreed) {
  ChannelHandle channel = open();
  std::vector<int> calls;
  Gate last;
  for (int name = 1; name <= 3; ++name) {
    TxDescriptor& transfer = prep(channel);
    transfer.callback = [&, name](const TxResult& result) {
      EXPECT_EQ(result.transferred_bytes, 8u);
      calls.push_back(name);
      if (name == 3) last.open();
    };
    ASSERT_TRUE(channel->submit(transfer).ok());
  }
  channel->issue_pending();
  pass(channel, 24);
  last.wait();
  EXPECT_TRUE(channel->terminate_sync());
  EXPECT_EQ(calls, (std::vector<int>{1, 2, 3}));
}

TEST_P(EngineTest, AChannelThatIsNotConfiguredCopiesMemory) {
  ChannelHandle channel = *engine_->request_chan();
  ASSERT_TRUE(channel->request_irq());
  const std::array<std::byte, 3> source{std::byte{1}, std::byte{2}, std::byte{3}};
  Gate done;
  TxDescriptor& copy = **channel->prep_dma_memcpy(buffer_.data() + 2, source.data(), 3);
  copy.callback = [&](const TxResult&) { done.open(); };
  ASSERT_TRUE(channel->submit(copy).ok());
  channel->issue_pending();
  pass(channel, 1);
  done.wait();
  EXPECT_TRUE(channel->terminate_sync());
  EXPECT_EQ(buffer_, (std::array<std::byte, 8>{std::byte{0}, std::byte{0}, std::byte{1},
                                               std::byte{2}, std::byte{3}}));
}

TEST_P(EngineTest, AReusableTransferIsSubmittedAgainAfterItsCallback) {
  ChannelHandle channel = open();
  TxDescriptor& transfer = prep(channel, {.reuse = true});
  Gate done;
  int in_callback = 0;
  transfer.callback = [&](const TxResult&) {
    in_callback = channel->submit(transfer).error();
    done.open();
  };
  ASSERT_TRUE(channel->submit(transfer).ok());
  channel->issue_pending();
  EXPECT_EQ(channel->desc_free(transfer).error(), EBUSY);
  pass(channel, 8);
  done.wait();
  EXPECT_TRUE(channel->terminate_sync());  // it waits for the callback
  EXPECT_EQ(in_callback, EBUSY);
  EXPECT_TRUE(channel->submit(transfer).ok());
  EXPECT_TRUE(channel->terminate_sync());
  EXPECT_TRUE(channel->desc_free(transfer));
}

TEST_P(EngineTest, DescFreeFreesWhatWasNeverSubmitted) {
  ChannelHandle channel = open(false);
  auto token = std::make_shared<int>(0);
  TxDescriptor& transfer = prep(channel);
  transfer.callback = [token](const TxResult&) {};
  EXPECT_TRUE(channel->desc_free(transfer));
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(EngineTest, ReleaseFreesWhatIsStillAllocated) {
  ChannelHandle channel = open(false);
  auto token = std::make_shared<int>(0);
  TxDescriptor& reused = prep(channel, {.reuse = true});
  reused.callback = [token](const TxResult&) {};
  ASSERT_TRUE(channel->submit(reused).ok());
  prep(channel).callback = [token](const TxResult&) {};
  channel->issue_pending();
  EXPECT_EQ(token.use_count(), 3);
  EXPECT_TRUE(channel.release());
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(EngineTest, SynchronizeEndsAHardwareThatIsSlowToStop) {
  options_.channel.slow_to_stop = true;
  make();
  ChannelHandle channel = open(false);
  ASSERT_TRUE(channel->submit(prep(channel)).ok());
  channel->issue_pending();
  pass(channel, 2);
  channel->terminate_async();
  pass(channel, 2);
  EXPECT_EQ(port_.leftovers.size(), 2u);
  clock_->advance_ns(kMs);
  EXPECT_TRUE(channel->synchronize());
  EXPECT_EQ(port_.leftovers.size(), 3u);
  pass(channel, 2);
  EXPECT_EQ(port_.leftovers.size(), 3u);
}

TEST_P(EngineTest, RemovalFromACallbackAbortsTheTransfersOfAllChannels) {
  ChannelHandle channel = open();
  ChannelHandle other = open();
  Gate own_aborted;
  Gate other_aborted;
  TxDescriptor& first = prep(channel);
  first.callback = [&](const TxResult&) { engine_->remove(); };
  TxDescriptor& second = prep(channel);
  second.callback = [&](const TxResult& result) {
    EXPECT_EQ(result.result, TxOutcome::aborted);
    own_aborted.open();
  };
  TxDescriptor& stranger = prep(other);
  stranger.callback = [&](const TxResult& result) {
    EXPECT_EQ(result.result, TxOutcome::aborted);
    other_aborted.open();
  };
  ASSERT_TRUE(channel->submit(first).ok());
  ASSERT_TRUE(channel->submit(second).ok());
  ASSERT_TRUE(other->submit(stranger).ok());
  channel->issue_pending();
  pass(channel, 8);
  own_aborted.wait();
  other_aborted.wait();
  EXPECT_TRUE(channel->terminate_sync());
  EXPECT_TRUE(other->terminate_sync());
}

TEST_P(EngineTest, ARemovedControllerAnswersNoDeviceAndStillLetsGo) {
  ChannelHandle channel = open();
  ASSERT_TRUE(channel->submit(prep(channel)).ok());
  channel->issue_pending();
  engine_->remove();
  EXPECT_EQ(engine_->request_chan().error(), ENODEV);
  EXPECT_EQ(engine_->request_chan("tx").error(), ENODEV);
  EXPECT_EQ(channel->prep_dma_cyclic(buffer_, 4, Direction::mem_to_dev).error(), ENODEV);
  EXPECT_EQ(channel->slave_config({.port = &port_}).error(), ENODEV);
  EXPECT_EQ(channel->pause().error(), ENODEV);
  channel->terminate_async();
  EXPECT_TRUE(channel->synchronize());
  EXPECT_TRUE(channel.release());
}

INSTANTIATE_TEST_SUITE_P(BothTopologies, EngineTest,
                         ::testing::Values(CompletionTopology::per_channel,
                                           CompletionTopology::shared),
                         [](const auto& instance) {
                           return instance.param == CompletionTopology::shared ? "shared"
                                                                               : "per_channel";
                         });

}  // namespace
}  // namespace dmasim
