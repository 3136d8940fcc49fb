// SPDX-License-Identifier: LGPL-2.1-or-later
/// A PCM that has nothing to do wakes no thread.
#include <gtest/gtest.h>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

TEST(SubstreamIdle, SleepsWithoutADeadlineBeforeTheStart) {
  IoplugPcm pcm({});
  EXPECT_EQ(lockstep::next_wake_up_ns(), kNever);
  ASSERT_EQ(pcm.write(32), 32);
  EXPECT_NE(lockstep::next_wake_up_ns(), kNever) << "the write has started it";
}

TEST(SubstreamIdle, SleepsWithoutADeadlineWhilePaused) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(10);
  EXPECT_NE(lockstep::next_wake_up_ns(), kNever);
  ASSERT_EQ(pcm.pause(true), 0);
  EXPECT_EQ(lockstep::next_wake_up_ns(), kNever);
}

TEST(SubstreamIdle, SleepsWithoutADeadlineAfterItWasPreparedAgain) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(10);
  ASSERT_EQ(pcm.drop(), 0);
  ASSERT_EQ(pcm.prepare(), 0);
  EXPECT_EQ(lockstep::next_wake_up_ns(), kNever);
}

}  // namespace
}  // namespace dmasim
