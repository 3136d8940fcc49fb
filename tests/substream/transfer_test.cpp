// SPDX-License-Identifier: LGPL-2.1-or-later
/// The position runs ahead of the DMA between two periods. No program may notice it.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

TEST(SubstreamTransfer, WriteReplacesNoFrameThatTheDmaHasNotMoved) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(5);
  ASSERT_EQ(pcm.avail(), 5);
  EXPECT_TRUE(pcm.sink().played.empty()) << "the DMA moves a period at a time";
  ASSERT_EQ(pcm.write(5), 5);
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, 37));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

TEST(SubstreamTransfer, ReadTakesNoFrameThatTheDmaHasNotMoved) {
  IoplugPcm pcm({.stream = SND_PCM_STREAM_CAPTURE});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(5);
  ASSERT_EQ(pcm.avail(), 5);
  EXPECT_EQ(pcm.source().asked, 0u);
  ASSERT_EQ(pcm.read(5), 5);
  EXPECT_EQ(pcm.captured, counted(1, 5));
}

TEST(SubstreamTransfer, MappedReadShowsNoFrameThatTheDmaHasNotMoved) {
  IoplugPcm pcm({.stream = SND_PCM_STREAM_CAPTURE, .mmap = true});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(5);
  ASSERT_EQ(pcm.avail(), 5);
  ASSERT_EQ(pcm.mmap_begin(32), 5u);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(pcm.mapped[i], static_cast<int>(i) + 1);
}

/// The program learned from delay() that the hardware had passed these frames.
TEST(SubstreamTransfer, RewindTakesNothingBackThatTheHardwareHasPassed) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(6);
  ASSERT_EQ(pcm.delay(), 26);
  ASSERT_EQ(pcm.rewind(30), 30);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.sink().played, counted(1, 6));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

TEST(SubstreamTransfer, ReadThatFindsTheSourceEndedIsTheXrun) {
  IoplugPcm pcm({.stream = SND_PCM_STREAM_CAPTURE});
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(5);
  ASSERT_EQ(pcm.avail(), 5);
  pcm.source().is_broken = true;
  EXPECT_EQ(pcm.read(5), -EPIPE);
  EXPECT_TRUE(pcm.captured.empty());
}

TEST(SubstreamTransfer, FreeRunOfATimedSinkIsReportedAtEachLook) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params({.avail_min = 8, .start_threshold = 1, .stop_threshold = 32 << 10}), 0);
  ASSERT_EQ(pcm.write(32), 32);
  for (uint64_t n = 1; n < 8; ++n) {
    pcm.run(1);
    pcm.avail();
    EXPECT_EQ(pcm.sink().free_run_frames, 32 + n);
  }
}

TEST(SubstreamTransfer, SlowCallbackMovesItsPeriodInTime) {
  IoplugPcm pcm({.slow_callback_ns = 5 * kFrameNs});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.pass(9);
  EXPECT_EQ(pcm.sink().played, counted(1, 8));
}

}  // namespace
}  // namespace dmasim
