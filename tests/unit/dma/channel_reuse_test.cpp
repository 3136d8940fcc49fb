// SPDX-License-Identifier: LGPL-2.1-or-later
/// Descriptors that are submitted more than once, and those that are never submitted.
#include <cerrno>

#include "tests/unit/dma/state_fixture.h"

namespace dmasim {
namespace {

constexpr PrepFlags kReuse{.reuse = true};

class ChannelReuseTest : public StateFixture {
 protected:
  void SetUp() override { configure(Direction::mem_to_dev); }
};

TEST_F(ChannelReuseTest, AReusableDescriptorRunsAgainUnderANewCookie) {
  Transfer& transfer = playback(4, kReuse);
  const Cookie first = submit(transfer, 1);
  state_->issue_pending(0);
  serve(4 * kMs);
  const Cookie second = resubmit(transfer);
  state_->issue_pending(10 * kMs);
  serve(14 * kMs);
  EXPECT_GT(second, first);
  EXPECT_EQ(names_called_back(), (std::vector<int>{1, 1}));
  EXPECT_EQ(port_.written.size(), 8u);
  EXPECT_EQ(transfer.place, Transfer::Place::allocated);
}

TEST_F(ChannelReuseTest, ItIsBusyFromSubmitUntilItsCallbackHasReturned) {
  Transfer& transfer = playback(4, kReuse);
  int in_callback = 0;
  transfer.callback = [&](const TxResult&) { in_callback = state_->submit(transfer).error(); };
  resubmit(transfer);
  EXPECT_EQ(state_->submit(transfer).error(), EBUSY);
  state_->issue_pending(0);
  EXPECT_EQ(state_->submit(transfer).error(), EBUSY);
  state_->advance(4 * kMs);
  EXPECT_EQ(state_->submit(transfer).error(), EBUSY) << "over, but not called back";
  EXPECT_EQ(state_->release(transfer).error(), EBUSY);
  serve(4 * kMs);
  EXPECT_EQ(in_callback, EBUSY);
  EXPECT_TRUE(state_->submit(transfer).ok());
}

TEST_F(ChannelReuseTest, WhenTerminatedItIsBusyUntilReaped) {
  Transfer& transfer = playback(4, kReuse);
  submit(transfer);
  state_->issue_pending(0);
  state_->terminate(kMs);
  EXPECT_EQ(state_->submit(transfer).error(), EBUSY);
  EXPECT_TRUE(state_->reap(state_->terminated()).empty()) << "not to be freed";
  EXPECT_EQ(transfer.place, Transfer::Place::allocated);
  EXPECT_TRUE(state_->submit(transfer).ok());
}

TEST_F(ChannelReuseTest, AfterItsTerminationItRunsFromItsStart) {
  Transfer& transfer = playback(4, kReuse);
  submit(transfer);
  state_->issue_pending(0);
  state_->terminate(3 * kMs);
  EXPECT_TRUE(state_->reap(state_->terminated()).empty());
  resubmit(transfer);
  state_->issue_pending(10 * kMs);
  serve(14 * kMs);
  EXPECT_EQ(port_.written, bytes({0, 1, 2, 0, 1, 2, 3}));
  EXPECT_EQ(callbacks_.size(), 1u);
}

TEST_F(ChannelReuseTest, WithoutTheCapNoDescriptorIsReusable) {
  make({.caps = {.descriptor_reuse = false}});
  configure(Direction::mem_to_dev);
  EXPECT_EQ(prep_sg({piece(0, 4)}, Direction::mem_to_dev, kReuse).error(), EPERM);
  EXPECT_TRUE(prep_sg({piece(0, 4)}, Direction::mem_to_dev).ok());
}

TEST_F(ChannelReuseTest, ReleasingTakesADescriptorThatIsNotSubmitted) {
  Transfer& never_submitted = playback(4);
  Result<TransferList> taken = state_->release(never_submitted);
  ASSERT_TRUE(taken.ok());
  EXPECT_EQ(taken->size(), 1u);
  Transfer& submitted = playback(4);
  submit(submitted);
  EXPECT_EQ(state_->release(submitted).error(), EBUSY);
  Transfer stranger;
  EXPECT_EQ(state_->release(stranger).error(), EINVAL);
}

TEST_F(ChannelReuseTest, AnEarlierRunLeavesNoTraceInAnAbort) {
  Transfer& transfer = playback(4, kReuse);
  submit(transfer);
  state_->issue_pending(0);
  serve(4 * kMs);
  resubmit(transfer);
  state_->abort(5 * kMs);
  serve(5 * kMs);
  ASSERT_EQ(callbacks_.size(), 2u);
  EXPECT_EQ(callbacks_[1].result.result, TxOutcome::aborted);
  EXPECT_EQ(callbacks_[1].result.transferred_bytes, 0u);
  EXPECT_EQ(callbacks_[1].result.residue_bytes, 4u);
  EXPECT_EQ(state_->stats().periods_due, 2u);
  EXPECT_EQ(state_->stats().callbacks, 2u);
}

TEST_F(ChannelReuseTest, ADescriptorServesOnlyTheConfigurationItWasPreparedFor) {
  Transfer& transfer = playback(6, kReuse);
  submit(transfer);
  state_->issue_pending(0);
  serve(6 * kMs);
  configure(Direction::mem_to_dev, 4);
  EXPECT_EQ(state_->submit(transfer).error(), EINVAL);
  EXPECT_TRUE(state_->release(transfer).ok());
}

}  // namespace
}  // namespace dmasim
