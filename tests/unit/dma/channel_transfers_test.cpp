// SPDX-License-Identifier: LGPL-2.1-or-later
/// Transfers that end: lists and copies, their callbacks and cookies.
#include <cerrno>

#include "tests/unit/dma/state_fixture.h"

namespace dmasim {
namespace {

class ChannelTransfersTest : public StateFixture {};

TEST_F(ChannelTransfersTest, AListIsPlayedPieceByPieceInItsOrder) {
  configure(Direction::mem_to_dev);
  submit(**prep_sg({piece(40, 3), piece(10, 1), piece(20, 2)}, Direction::mem_to_dev));
  state_->issue_pending(0);
  state_->advance(1000 * kMs);
  EXPECT_EQ(port_.written, bytes({40, 41, 42, 10, 20, 21}));
}

TEST_F(ChannelTransfersTest, AListIsCapturedPieceByPieceAndNothingElseIsTouched) {
  configure(Direction::dev_to_mem);
  const auto before = memory_;
  submit(**prep_sg({piece(40, 3), piece(10, 1), piece(20, 2)}, Direction::dev_to_mem));
  state_->issue_pending(0);
  state_->advance(1000 * kMs);
  auto expected = before;
  int next = 0;
  for (const size_t at : {40u, 41u, 42u, 10u, 20u, 21u}) {
    expected[at] = static_cast<std::byte>(next++);
  }
  EXPECT_EQ(memory_, expected);
}

TEST_F(ChannelTransfersTest, ATransferIsOverAtTheMomentOfItsLastByte) {
  configure(Direction::mem_to_dev);
  const Cookie cookie = submit(playback(6));
  state_->issue_pending(100);
  EXPECT_EQ(state_->service_ns(), 100 + 6 * kMs);
  serve(100 + 6 * kMs - 1);
  EXPECT_TRUE(callbacks_.empty());
  EXPECT_EQ(state_->tx_status(cookie).status, DmaStatus::in_progress);
  serve(100 + 6 * kMs);
  ASSERT_EQ(callbacks_.size(), 1u);
  EXPECT_EQ(callbacks_[0].result.result, TxOutcome::noerror);
  EXPECT_EQ(callbacks_[0].result.periods, 1u);
  EXPECT_EQ(callbacks_[0].result.transferred_bytes, 6u);
  EXPECT_EQ(callbacks_[0].result.residue_bytes, 0u);
  EXPECT_EQ(state_->tx_status(cookie).status, DmaStatus::complete);
  EXPECT_EQ(state_->service_ns(), kNever);
}

TEST_F(ChannelTransfersTest, ATransferBeginsWhereTheLastEndedHoweverLateAnybodyLooks) {
  configure(Direction::mem_to_dev);
  submit(playback(6), 1);
  const Cookie second = submit(**prep_sg({piece(100, 10)}, Direction::mem_to_dev), 2);
  state_->issue_pending(0);
  state_->advance(9 * kMs);
  EXPECT_EQ(port_.written, bytes({0, 1, 2, 3, 4, 5, 100, 101, 102}));
  EXPECT_EQ(state_->tx_status(second).transferred_bytes, 3u);
  serve(9 * kMs);
  EXPECT_EQ(state_->service_ns(), 16 * kMs);
  EXPECT_EQ(port_.stops, 0) << "the device sees no gap";
}

TEST_F(ChannelTransfersTest, ACyclicTransferBeginsWhereAListEnded) {
  configure(Direction::mem_to_dev);
  submit(playback(5), 1);
  submit(**state_->prep_dma_cyclic(std::span(memory_).subspan(100, 4), 2, Direction::mem_to_dev),
         2);
  state_->issue_pending(0);
  serve(11 * kMs);
  EXPECT_EQ(port_.written, bytes({0, 1, 2, 3, 4, 100, 101, 102, 103, 100, 101}));
  EXPECT_EQ(names_called_back(), (std::vector<int>{1, 2}));
  EXPECT_EQ(callbacks_[1].result.periods, 3u);
  EXPECT_EQ(state_->service_ns(), (5 + 8) * kMs);
}

TEST_F(ChannelTransfersTest, WhatIsIssuedToAnIdleChannelBeginsThen) {
  configure(Direction::mem_to_dev);
  submit(playback(3));
  state_->issue_pending(0);
  serve(10 * kMs);
  submit(playback(3));
  state_->issue_pending(20 * kMs);
  EXPECT_EQ(state_->service_ns(), 23 * kMs);
}

TEST_F(ChannelTransfersTest, EachCompletedTransferHasItsOwnCallbackInOrder) {
  configure(Direction::mem_to_dev);
  for (int name = 1; name <= 3; ++name) submit(playback(4), name);
  state_->issue_pending(0);
  serve(11 * kMs);
  EXPECT_EQ(names_called_back(), (std::vector<int>{1, 2}));
  serve(12 * kMs);
  EXPECT_EQ(names_called_back(), (std::vector<int>{1, 2, 3}));
  for (const Callback& each : callbacks_) EXPECT_EQ(each.result.periods, 1u) << "nothing coalesces";
  EXPECT_EQ(state_->stats().periods_due, 3u);
  EXPECT_EQ(state_->stats().callbacks, 3u);
  EXPECT_EQ(state_->stats().coalesced, 0u);
}

TEST_F(ChannelTransfersTest, ServiceIsDueSinceTheOldestCompletion) {
  configure(Direction::mem_to_dev);
  submit(playback(4));
  submit(playback(4));
  state_->issue_pending(0);
  state_->advance(100 * kMs);
  EXPECT_EQ(state_->service_ns(), 4 * kMs);
  serve_completed(100 * kMs);
  EXPECT_EQ(state_->service_ns(), 8 * kMs);
  EXPECT_EQ(state_->stats().lateness.max_ns(), 96 * kMs);
}

TEST_F(ChannelTransfersTest, WithoutTheInterruptFlagATransferEndsInSilence) {
  configure(Direction::mem_to_dev);
  auto token = std::make_shared<int>(0);
  Transfer& silent = playback(4, {.interrupt = false});
  silent.callback = [token](const TxResult&) { ADD_FAILURE(); };
  const Cookie cookie = resubmit(silent);
  state_->issue_pending(0);
  serve(4 * kMs);
  EXPECT_EQ(state_->tx_status(cookie).status, DmaStatus::complete);
  EXPECT_EQ(token.use_count(), 1) << "the descriptor is gone";
  EXPECT_EQ(state_->stats().periods_due, 0u);
}

TEST_F(ChannelTransfersTest, ACyclicTransferWithoutTheInterruptFlagWakesNobody) {
  configure(Direction::mem_to_dev);
  Transfer& ring = **state_->prep_dma_cyclic(std::span(memory_).first(8), 4, Direction::mem_to_dev,
                                             {.interrupt = false});
  submit(ring);
  state_->issue_pending(0);
  EXPECT_EQ(state_->service_ns(), kNever);
  serve(20 * kMs);
  state_->advance(20 * kMs);
  EXPECT_EQ(port_.written.size(), 20u);
  EXPECT_EQ(state_->service_at(20 * kMs), Service::none);
  EXPECT_EQ(state_->stats().dropped, state_->stats().periods_due);
}

TEST_F(ChannelTransfersTest, TheDeviceMayEmptyItsFifoWhenTheLastTransferEnds) {
  configure(Direction::mem_to_dev);
  submit(playback(4));
  submit(playback(4));
  state_->issue_pending(0);
  state_->advance(8 * kMs);
  EXPECT_EQ(port_.stops, 1);
  EXPECT_TRUE(port_.kept);
}

TEST_F(ChannelTransfersTest, ACookieReportsWhereItsTransferIs) {
  configure(Direction::mem_to_dev);
  const Cookie first = submit(playback(4));
  const Cookie second = submit(playback(6));
  EXPECT_EQ(state_->tx_status(first).status, DmaStatus::in_progress) << "submitted";
  state_->issue_pending(0);
  EXPECT_EQ(state_->tx_status(second).status, DmaStatus::in_progress) << "issued";
  state_->advance(5 * kMs);
  EXPECT_EQ(state_->tx_status(first).status, DmaStatus::complete);
  EXPECT_EQ(state_->tx_status(first).last, first);
  EXPECT_EQ(state_->tx_status(first).used, second);
  EXPECT_EQ(state_->tx_status(first).residue_bytes, 0u);
  ASSERT_TRUE(state_->pause(5 * kMs));
  EXPECT_EQ(state_->tx_status(second).status, DmaStatus::paused);
  EXPECT_EQ(state_->tx_status(second).residue_bytes, 5u);
  state_->terminate(6 * kMs);
  EXPECT_EQ(state_->tx_status(second).status, DmaStatus::error);
  EXPECT_EQ(state_->tx_status(first).status, DmaStatus::complete);
}

TEST_F(ChannelTransfersTest, AllOfAQueuedTransferIsResidue) {
  configure(Direction::mem_to_dev);
  submit(playback(4));
  const Cookie issued = submit(playback(6));
  state_->issue_pending(0);
  const Cookie submitted = submit(playback(7));
  EXPECT_EQ(state_->tx_status(issued).residue_bytes, 6u);
  EXPECT_EQ(state_->tx_status(submitted).residue_bytes, 7u);
}

TEST_F(ChannelTransfersTest, TerminationDropsTheCallbacksOfWhatIsOverToo) {
  configure(Direction::mem_to_dev);
  for (int name = 1; name <= 3; ++name) submit(playback(4), name);
  state_->issue_pending(0);
  state_->terminate(9 * kMs);
  serve(100 * kMs);
  EXPECT_TRUE(callbacks_.empty());
  EXPECT_EQ(state_->stats().periods_due, 2u);
  EXPECT_EQ(state_->stats().dropped, 2u);
  EXPECT_EQ(state_->reap(state_->terminated()).size(), 3u);
}

TEST_F(ChannelTransfersTest, ACopyCopiesTheRegionAndNothingMore) {
  make({.memcpy_bytes_per_s = 1000});
  const auto before = memory_;
  submit(**state_->prep_dma_memcpy(memory_.data() + 100, memory_.data() + 20, 5));
  state_->issue_pending(0);
  EXPECT_EQ(state_->service_ns(), 5 * kMs) << "at its rate";
  state_->advance(3 * kMs);
  auto expected = before;
  std::copy_n(before.begin() + 20, 3, expected.begin() + 100);
  EXPECT_EQ(memory_, expected);
  serve(1000 * kMs);
  std::copy_n(before.begin() + 20, 5, expected.begin() + 100);
  EXPECT_EQ(memory_, expected);
  EXPECT_EQ(callbacks_.size(), 1u);
}

TEST_F(ChannelTransfersTest, APauseMovesTheEndByItsLength) {
  configure(Direction::mem_to_dev);
  submit(playback(4));
  submit(playback(4));
  state_->issue_pending(0);
  ASSERT_TRUE(state_->pause(6 * kMs));
  EXPECT_EQ(state_->service_ns(), 4 * kMs) << "what was over is called back";
  serve(7 * kMs);
  EXPECT_EQ(state_->service_ns(), kNever);
  ASSERT_TRUE(state_->resume(56 * kMs));
  EXPECT_EQ(state_->service_ns(), 58 * kMs);
}

TEST_F(ChannelTransfersTest, WhatIsOverCannotBePaused) {
  configure(Direction::mem_to_dev);
  submit(playback(4));
  state_->issue_pending(0);
  EXPECT_EQ(state_->pause(4 * kMs).error(), EINVAL);
}

TEST_F(ChannelTransfersTest, IssuingMoreLeavesAPausedTransferPaused) {
  configure(Direction::mem_to_dev);
  const Cookie first = submit(playback(4));
  state_->issue_pending(0);
  ASSERT_TRUE(state_->pause(kMs));
  submit(playback(4));
  state_->issue_pending(2 * kMs);
  state_->advance(100 * kMs);
  EXPECT_EQ(state_->tx_status(first).status, DmaStatus::paused);
  EXPECT_EQ(port_.written.size(), 1u);
}

TEST_F(ChannelTransfersTest, TheCommitLimitIsThatOfOneTransfer) {
  configure(Direction::mem_to_dev);
  submit(playback(4));
  submit(playback(4));
  state_->issue_pending(0);
  state_->set_commit_limit(3);
  state_->advance(8 * kMs);
  EXPECT_EQ(port_.leftovers, bytes({3}));
  EXPECT_EQ(port_.written.size(), 7u);
}

TEST_F(ChannelTransfersTest, ABurstThatIsNotWhollyCommittedIsNotCommitted) {
  configure(Direction::mem_to_dev, 4);
  submit(playback(12));
  submit(**prep_sg({piece(100, 3), piece(200, 9)}, Direction::mem_to_dev));
  state_->issue_pending(0);
  state_->set_commit_limit(6);
  state_->advance(3 * kMs);
  EXPECT_EQ(port_.written.size(), 4u);
  EXPECT_EQ(port_.leftovers.size(), 8u);
  state_->set_commit_limit(6);
  state_->advance(6 * kMs);
  EXPECT_EQ(port_.written, bytes({0, 1, 2, 3, 100, 101, 102, 200}));
  EXPECT_EQ(port_.leftovers.size(), 16u);
}

TEST_F(ChannelTransfersTest, AnAlarmInTheMiddleOfABurstComesAfterIt) {
  configure(Direction::mem_to_dev, 4);
  submit(playback(12));
  state_->issue_pending(0);
  state_->arm_alarm_at_bytes(5);
  EXPECT_EQ(state_->service_ns(), 2 * kMs);
}

}  // namespace
}  // namespace dmasim
