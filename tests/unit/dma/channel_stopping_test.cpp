// SPDX-License-Identifier: LGPL-2.1-or-later
/// Hardware that stops slowly.
#include "tests/unit/dma/state_fixture.h"

namespace dmasim {
namespace {

class ChannelStoppingTest : public StateFixture {
 protected:
  void SetUp() override { make({.slow_to_stop = true}); }

  void start_ring(Direction direction) {
    submit(**state_->prep_dma_cyclic(std::span(memory_).first(8), 4, direction));
    state_->issue_pending(0);
  }
};

TEST_F(ChannelStoppingTest, TheHardwareWritesOnAfterTerminationUntilItIsMadeToStop) {
  configure(Direction::dev_to_mem);
  port_.next_read = 100;
  start_ring(Direction::dev_to_mem);
  state_->terminate(2 * kMs);
  EXPECT_TRUE(state_->stopping());
  const auto at_termination = memory_;
  state_->advance(5 * kMs);
  EXPECT_NE(memory_, at_termination);
  state_->stop_now(state_->terminated(), 6 * kMs);
  EXPECT_FALSE(state_->stopping());
  EXPECT_EQ(port_.next_read, 106u);
  EXPECT_EQ(port_.stops, 1);
  EXPECT_EQ(state_->reap(state_->terminated()).size(), 1u);
  const auto at_stop = memory_;
  state_->advance(100 * kMs);
  EXPECT_EQ(memory_, at_stop);
}

TEST_F(ChannelStoppingTest, NobodyVouchesForWhatItReadsThenAndNobodyIsCalledBack) {
  configure(Direction::mem_to_dev);
  start_ring(Direction::mem_to_dev);
  state_->terminate(2 * kMs);
  serve(10 * kMs);
  state_->advance(10 * kMs);
  EXPECT_EQ(port_.written.size(), 2u);
  EXPECT_EQ(port_.leftovers.size(), 8u);
  EXPECT_TRUE(callbacks_.empty());
  EXPECT_EQ(state_->service_ns(), kNever);
}

TEST_F(ChannelStoppingTest, ATransferThatWouldHaveEndedStaysTerminated) {
  configure(Direction::mem_to_dev);
  const Cookie cookie = submit(playback(4));
  submit(playback(4));
  state_->issue_pending(0);
  state_->terminate(2 * kMs);
  serve(100 * kMs);
  state_->advance(100 * kMs);
  EXPECT_EQ(port_.leftovers.size(), 2u) << "its rest, and nothing of the next";
  EXPECT_TRUE(callbacks_.empty());
  EXPECT_EQ(state_->tx_status(cookie).status, DmaStatus::error);
}

TEST_F(ChannelStoppingTest, ItLetsGoWhenSomethingNewIsIssued) {
  configure(Direction::mem_to_dev);
  start_ring(Direction::mem_to_dev);
  state_->terminate(2 * kMs);
  submit(**prep_sg({piece(100, 3)}, Direction::mem_to_dev));
  state_->advance(4 * kMs);
  state_->issue_pending(5 * kMs);
  EXPECT_FALSE(state_->stopping());
  EXPECT_EQ(port_.leftovers.size(), 3u);
  serve(8 * kMs);
  EXPECT_EQ(port_.written, bytes({0, 1, 100, 101, 102}));
  EXPECT_EQ(port_.leftovers.size(), 3u);
}

TEST_F(ChannelStoppingTest, APausedHardwareStopsAtOnce) {
  configure(Direction::mem_to_dev);
  start_ring(Direction::mem_to_dev);
  ASSERT_TRUE(state_->pause(2 * kMs));
  state_->terminate(3 * kMs);
  EXPECT_FALSE(state_->stopping());
  state_->advance(50 * kMs);
  EXPECT_EQ(port_.written.size(), 2u);
  EXPECT_TRUE(port_.leftovers.empty());
}

TEST_F(ChannelStoppingTest, AnEarlierGenerationsSynchronizeDoesNotStopIt) {
  configure(Direction::mem_to_dev);
  state_->terminate(0);
  const Generation earlier = state_->terminated();
  start_ring(Direction::mem_to_dev);
  state_->terminate(2 * kMs);
  state_->stop_now(earlier, 3 * kMs);
  EXPECT_TRUE(state_->stopping());
}

TEST_F(ChannelStoppingTest, RemovalStopsItAtOnce) {
  configure(Direction::mem_to_dev);
  start_ring(Direction::mem_to_dev);
  state_->terminate(2 * kMs);
  state_->abort(3 * kMs);
  state_->advance(50 * kMs);
  EXPECT_EQ(port_.written.size() + port_.leftovers.size(), 3u);
}

/// When a drained stream is stopped, its last frames are still in the FIFO.
TEST_F(ChannelStoppingTest, TheFifoOfADrainedStreamIsKeptWhateverEndsIt) {
  configure(Direction::mem_to_dev);
  start_ring(Direction::mem_to_dev);
  state_->set_commit_limit(2);
  state_->terminate(2 * kMs);
  state_->stop_now(state_->terminated(), 2 * kMs);
  EXPECT_TRUE(port_.kept);
  start_ring(Direction::mem_to_dev);
  state_->set_commit_limit(2);
  state_->terminate(2 * kMs);
  submit(playback(4));
  state_->issue_pending(2 * kMs);
  EXPECT_TRUE(port_.kept);
}

}  // namespace
}  // namespace dmasim
