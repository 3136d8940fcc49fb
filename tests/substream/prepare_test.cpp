// SPDX-License-Identifier: LGPL-2.1-or-later
/// A prepare checks whether a start would succeed. If it is refused, the stream stays as it was.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

SwParams starting_by_hand() {
  return {.avail_min = 8, .start_threshold = 33, .stop_threshold = 32};
}

TEST(SubstreamPrepare, RefusedBehindASetupLeavesItInSetup) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.drop(), 0);
  pcm.sink().look_error = EBUSY;
  EXPECT_EQ(pcm.hw_params(), -EBUSY);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  EXPECT_FALSE(pcm.substream().prepared());
  EXPECT_EQ(pcm.delay(), -EBADFD);
  EXPECT_EQ(pcm.prepare(), -EBUSY) << "still";
  pcm.sink().look_error = 0;
  ASSERT_EQ(pcm.prepare(), 0);
  ASSERT_EQ(pcm.write(13), 13);
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, 13));
}

TEST(SubstreamPrepare, RefusedAgainKeepsWhatIsWritten) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(starting_by_hand()), 0);
  ASSERT_EQ(pcm.write(13), 13);
  pcm.sink().look_error = ENOENT;
  EXPECT_EQ(pcm.prepare(), -ENOENT);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_PREPARED);
  EXPECT_EQ(pcm.appl_ptr(), 13U) << "put back";
  EXPECT_EQ(pcm.avail(), 19);
  ASSERT_EQ(pcm.drain(), 0) << "the start is the device's own affair";
  EXPECT_EQ(pcm.sink().played, counted(1, 13));
}

/// A sink may drop what is committed before its start.
TEST(SubstreamPrepare, AStartCommitsAnewWhatWasWrittenBefore) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params({.avail_min = 8, .start_threshold = 33, .stop_threshold = 32}), 0);
  ASSERT_EQ(pcm.write(32), 32);
  pcm.sink().committed_to = 0;
  ASSERT_EQ(pcm.start(), 0);
  EXPECT_EQ(pcm.sink().committed_to, 32u);
}

TEST(SubstreamPrepare, RefusedInAPauseLetsItEnd) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(10);
  ASSERT_EQ(pcm.pause(true), 0);
  pcm.sink().look_error = EBUSY;
  EXPECT_EQ(pcm.prepare(), -EBUSY);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_PAUSED);
  EXPECT_EQ(pcm.delay(), 22);
  ASSERT_EQ(pcm.pause(false), 0);
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, 32));
}

TEST(SubstreamPrepare, RefusedAfterAnXrunLeavesTheXrun) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(16), 16);
  pcm.run(20);
  ASSERT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  pcm.sink().look_error = EBUSY;
  EXPECT_EQ(pcm.prepare(), -EBUSY);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  EXPECT_EQ(pcm.write(1), -EPIPE);
  pcm.sink().look_error = 0;
  EXPECT_EQ(pcm.prepare(), 0);
}

TEST(SubstreamPrepare, WhileItRunsIsRefusedWithoutALook) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  const int looks = pcm.sink().looks;
  EXPECT_GT(looks, 0) << "by the first prepare";
  pcm.run(1);
  EXPECT_EQ(pcm.prepare(), -EBUSY);
  EXPECT_EQ(pcm.sink().looks, looks);
}

TEST(SubstreamPrepare, OfACaptureLooksAtItsSource) {
  IoplugPcm pcm({.stream = SND_PCM_STREAM_CAPTURE});
  ASSERT_EQ(pcm.drop(), 0);
  pcm.source().look_error = EACCES;
  EXPECT_EQ(pcm.prepare(), -EACCES);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_SETUP);
  pcm.source().look_error = 0;
  EXPECT_EQ(pcm.prepare(), 0);
}

}  // namespace
}  // namespace dmasim
