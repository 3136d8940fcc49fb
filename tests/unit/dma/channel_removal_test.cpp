// SPDX-License-Identifier: LGPL-2.1-or-later
/// A controller that is removed while clients use its channels.
#include <cerrno>

#include "tests/unit/dma/state_fixture.h"

namespace dmasim {
namespace {

class ChannelRemovalTest : public StateFixture {
 protected:
  void SetUp() override { configure(Direction::mem_to_dev); }
};

TEST_F(ChannelRemovalTest, EveryTransferIsCalledBackInTheOrderOfTheCookies) {
  submit(playback(4), 1);
  submit(playback(4), 2);
  submit(playback(6), 3);
  state_->issue_pending(0);
  submit(playback(4), 4);
  state_->abort(6 * kMs);
  serve(6 * kMs);
  ASSERT_EQ(names_called_back(), (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(callbacks_[0].result.result, TxOutcome::noerror) << "over before";
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(callbacks_[i].result.result, TxOutcome::aborted);
  EXPECT_EQ(callbacks_[1].result.transferred_bytes, 2u);
  EXPECT_EQ(callbacks_[1].result.residue_bytes, 2u);
  EXPECT_EQ(callbacks_[2].result.transferred_bytes, 0u);
  EXPECT_EQ(callbacks_[2].result.residue_bytes, 6u) << "never begun: all of it is left";
}

TEST_F(ChannelRemovalTest, PeriodsThatWereDueAreReportedWithTheAbort) {
  submit(**state_->prep_dma_cyclic(std::span(memory_).first(8), 4, Direction::mem_to_dev));
  state_->issue_pending(0);
  state_->abort(9 * kMs);
  serve(9 * kMs);
  ASSERT_EQ(callbacks_.size(), 1u);
  EXPECT_EQ(callbacks_[0].result.periods, 2u);
  EXPECT_EQ(callbacks_[0].result.transferred_bytes, 9u);
  EXPECT_EQ(state_->stats().periods_due, 2u);
  EXPECT_EQ(state_->stats().callbacks + state_->stats().coalesced, 2u);
}

TEST_F(ChannelRemovalTest, WhatWasDueIsMovedAndNothingAfter) {
  const Cookie cookie = submit(playback(8));
  state_->issue_pending(0);
  state_->abort(5 * kMs);
  state_->advance(100 * kMs);
  EXPECT_EQ(port_.written.size(), 5u);
  EXPECT_EQ(port_.stops, 1);
  EXPECT_FALSE(port_.kept);
  EXPECT_EQ(state_->tx_status(cookie).status, DmaStatus::error);
}

TEST_F(ChannelRemovalTest, NothingCanBeGivenToDoAfterwards) {
  Transfer& prepared = playback(4);
  state_->abort(0);
  EXPECT_EQ(prep_sg({piece(0, 4)}, Direction::mem_to_dev).error(), ENODEV);
  EXPECT_EQ(state_->prep_dma_cyclic(memory_, 4, Direction::mem_to_dev).error(), ENODEV);
  EXPECT_EQ(state_->prep_interleaved({}).error(), ENODEV);
  EXPECT_EQ(state_->prep_dma_memcpy(nullptr, nullptr, 0).error(), ENODEV);
  EXPECT_EQ(state_->submit(prepared).error(), ENODEV);
  EXPECT_EQ(state_->configure({.port = &port_}).error(), ENODEV);
  EXPECT_EQ(state_->pause(0).error(), ENODEV);
  EXPECT_EQ(state_->resume(0).error(), ENODEV);
  EXPECT_TRUE(state_->release(prepared).ok()) << "freeing goes on as ever";
}

TEST_F(ChannelRemovalTest, TerminationStillDropsWhatWasAborted) {
  submit(playback(4));
  submit(playback(4));
  state_->issue_pending(0);
  state_->abort(kMs);
  state_->terminate(2 * kMs);
  serve(2 * kMs);
  EXPECT_TRUE(callbacks_.empty());
  EXPECT_EQ(state_->stats().dropped, 2u);
  EXPECT_EQ(state_->reap(state_->terminated()).size(), 2u);
}

TEST_F(ChannelRemovalTest, WhatNeverCallsBackIsFreedInSilence) {
  submit(playback(4, {.interrupt = false}));
  state_->issue_pending(0);
  state_->abort(kMs);
  EXPECT_EQ(state_->service_at(kMs), Service::complete);
  serve(kMs);
  EXPECT_TRUE(callbacks_.empty());
  EXPECT_EQ(state_->stats().periods_due, 0u);
  EXPECT_EQ(state_->service_at(kMs), Service::none);
}

TEST_F(ChannelRemovalTest, APausedTransferIsAbortedToo) {
  submit(playback(4));
  state_->issue_pending(0);
  ASSERT_TRUE(state_->pause(2 * kMs));
  state_->abort(50 * kMs);
  serve(50 * kMs);
  ASSERT_EQ(callbacks_.size(), 1u);
  EXPECT_EQ(callbacks_[0].result.result, TxOutcome::aborted);
  EXPECT_EQ(callbacks_[0].result.transferred_bytes, 2u);
}

TEST_F(ChannelRemovalTest, AReusableDescriptorComesBackAfterItsAbort) {
  Transfer& transfer = playback(4, {.reuse = true});
  submit(transfer);
  state_->issue_pending(0);
  state_->abort(kMs);
  EXPECT_EQ(state_->release(transfer).error(), EBUSY);
  serve(kMs);
  EXPECT_TRUE(state_->release(transfer).ok());
}

}  // namespace
}  // namespace dmasim
