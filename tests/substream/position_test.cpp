// SPDX-License-Identifier: LGPL-2.1-or-later
/// The second of two calls in a row answers the position of the first. No other call does so.
#include <gtest/gtest.h>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

/// Less than kOneMomentNs, so two calls with this distance are in a row.
constexpr int64_t kShortNs = 40'000;
constexpr int64_t kMomentNs = 100'000;

/// A running playback whose position was read just before its 10th frame. With an `avail_min`
/// above 9 only a later frame wakes the program.
class SubstreamPosition : public ::testing::Test {
 protected:
  void ask_before_the_edge(snd_pcm_uframes_t avail_min = 1) {
    ASSERT_EQ(pcm_.sw_params({.avail_min = avail_min, .start_threshold = 1, .stop_threshold = 32}),
              0);
    ASSERT_EQ(pcm_.write(32), 32);
    pcm_.pass(9);
    wait_ns(kFrameNs - kShortNs / 2);
    ASSERT_EQ(pcm_.avail(), 9);
  }
  static void wait_ns(int64_t ns) { lockstep::advance_to(lockstep::now_ns() + ns); }

  IoplugPcm pcm_{{}};
};

TEST_F(SubstreamPosition, OfTheSecondCallIsThatOfTheFirst) {
  ask_before_the_edge();
  wait_ns(kShortNs);
  EXPECT_EQ(pcm_.avail(), 9);
  EXPECT_EQ(pcm_.avail(), 10) << "the third call looks";
  EXPECT_EQ(pcm_.hw_ptr(), 10u);
}

TEST_F(SubstreamPosition, IsLookedAtAgainAfterAMoment) {
  ask_before_the_edge();
  wait_ns(kMomentNs);
  EXPECT_EQ(pcm_.avail(), 10);
}

TEST_F(SubstreamPosition, IsLookedAtAgainAfterTheProgramHasMovedItsOwn) {
  ask_before_the_edge();
  ASSERT_EQ(pcm_.forward(2), 2);
  wait_ns(kShortNs);
  EXPECT_EQ(pcm_.avail(), 8);
}

TEST_F(SubstreamPosition, IsLookedAtAgainWhenTheProgramIsWoken) {
  ask_before_the_edge(10);
  ASSERT_FALSE(pcm_.ready());
  wait_ns(kShortNs);
  ASSERT_TRUE(pcm_.ready());
  EXPECT_EQ(pcm_.avail(), 10);
}

TEST_F(SubstreamPosition, IsLookedAtAgainByAWaitThatFindsAllReady) {
  ask_before_the_edge();
  wait_ns(kShortNs);
  EXPECT_EQ(pcm_.wait(), 0);
  EXPECT_EQ(pcm_.hw_ptr(), 10u);
}

TEST_F(SubstreamPosition, IsLookedAtAgainInAnotherState) {
  ask_before_the_edge();
  wait_ns(kShortNs);
  ASSERT_EQ(pcm_.pause(true), 0);
  EXPECT_EQ(pcm_.avail(), 10);
}

/// Each reading of the clock takes a frame. A free run gives its cable new frames at each look.
TEST_F(SubstreamPosition, OfAFreeRunIsThatOfTheEndOfASlowLook) {
  ASSERT_EQ(pcm_.sw_params({.avail_min = 8, .start_threshold = 1, .stop_threshold = 32 << 10}), 0);
  ASSERT_EQ(pcm_.write(32), 32);
  pcm_.run(10);
  const uint64_t before = pcm_.true_hw();
  lockstep::each_look_takes(kFrameNs);
  const snd_pcm_uframes_t answer = pcm_.substream().pointer();
  lockstep::each_look_takes(0);
  EXPECT_EQ(answer, before + 2) << "the last of three readings";
}

}  // namespace
}  // namespace dmasim
