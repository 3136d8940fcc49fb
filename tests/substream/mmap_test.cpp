// SPDX-License-Identifier: LGPL-2.1-or-later
/// Mapped access: alsa-lib's buffer is a copy of the ring, and appl_ptr moves without a hook.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

constexpr PcmSetup kPlayback{.mmap = true};
constexpr PcmSetup kCapture{.stream = SND_PCM_STREAM_CAPTURE, .mmap = true};

SwParams starting_by_hand() {
  return {.avail_min = 8, .start_threshold = 1000, .stop_threshold = 32};
}

/// The program fills its mapped buffer and commits it, in contiguous pieces.
void fill(IoplugPcm& pcm, snd_pcm_uframes_t frames) {
  while (frames > 0) {
    const snd_pcm_uframes_t piece = pcm.mmap_begin(frames);
    ASSERT_GT(piece, 0u);
    const snd_pcm_uframes_t offset = pcm.mmap_offset();
    for (snd_pcm_uframes_t i = 0; i < piece; ++i) {
      pcm.mapped[offset + i] = static_cast<int16_t>(pcm.next_sample++);
    }
    ASSERT_EQ(pcm.mmap_commit(piece), static_cast<snd_pcm_sframes_t>(piece));
    frames -= piece;
  }
}

/// The readable frames that the mapped buffer shows, from appl_ptr on, across the buffer's end.
Samples view(const IoplugPcm& pcm, size_t frames) {
  Samples seen;
  for (size_t i = 0; i < frames; ++i) {
    seen.push_back(pcm.mapped[(pcm.mmap_offset() + i) % pcm.mapped.size()]);
  }
  return seen;
}

TEST(SubstreamMmap, CommittedFramesArePlayed) {
  IoplugPcm pcm(kPlayback);
  fill(pcm, 32);
  ASSERT_EQ(pcm.start(), 0);
  for (int turn = 0; turn < 30; ++turn) {
    pcm.run(11);
    ASSERT_EQ(pcm.avail(), 11);
    fill(pcm, 11);
  }
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, 32 + 30 * 11));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

/// A mapped commit is never refused. So it may find the xrun itself, before the next period ends.
TEST(SubstreamMmap, XrunThatACommitFindsComesBehindThePlayedFrames) {
  IoplugPcm pcm(kPlayback);
  fill(pcm, 32);
  ASSERT_EQ(pcm.sw_params({.avail_min = 8, .start_threshold = 1000, .stop_threshold = 13}), 0);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(12);
  ASSERT_EQ(pcm.avail(), 12);
  pcm.run(2);
  fill(pcm, 1);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.sink().played, counted(1, 14));
}

TEST(SubstreamMmap, WhatIsCommittedCanBeChangedUntilTheStart) {
  IoplugPcm pcm(kPlayback);
  fill(pcm, 20);
  pcm.mapped[5] = 1000;
  pcm.mapped[19] = 1001;
  pcm.mapped[20] = 1002;  // not committed
  ASSERT_EQ(pcm.start(), 0);
  pcm.mapped[6] = 1003;  // too late
  pcm.run(19);
  EXPECT_EQ(pcm.avail(), 31);
  Samples expected = counted(1, 19);
  expected[5] = 1000;
  EXPECT_EQ(pcm.played_by_now(), expected);
  pcm.run(1);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.sink().played, expected + Samples{1001});
}

TEST(SubstreamMmap, RewoundFramesAreNotPlayed) {
  IoplugPcm pcm(kPlayback);
  fill(pcm, 32);
  ASSERT_EQ(pcm.rewind(20), 20);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(12);
  EXPECT_EQ(pcm.avail(), -EPIPE) << "at the frame that the program has gone back to";
  EXPECT_EQ(pcm.sink().played, counted(1, 12));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

TEST(SubstreamMmap, CommitAfterAnXrunIsMereMemory) {
  IoplugPcm pcm(kPlayback);
  fill(pcm, 32);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(31);
  ASSERT_EQ(pcm.avail(), 31);
  pcm.run(1);
  ASSERT_EQ(pcm.state(), SND_PCM_STATE_XRUN);
  pcm.overwrite_state(SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.mmap_commit(8), 8);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN) << "shown again";
  EXPECT_EQ(pcm.sink().played, counted(1, 32));
}

TEST(SubstreamMmap, CaptureShowsAllThatHasComeAcrossTheWrap) {
  IoplugPcm pcm(kCapture);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(24);
  ASSERT_EQ(pcm.avail(), 24);
  EXPECT_EQ(view(pcm, 24), counted(1, 24));
  ASSERT_EQ(pcm.mmap_commit(24), 24);
  pcm.pass(20);
  ASSERT_EQ(pcm.avail(), 20);
  EXPECT_EQ(pcm.mmap_begin(100), 8u) << "so many lie together";
  EXPECT_EQ(view(pcm, 20), counted(25, 20)) << "and twelve more are there to look at";
}

TEST(SubstreamMmap, CaptureIsCopiedAgainAndNotConsumed) {
  IoplugPcm pcm(kCapture);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(10);
  for (int i = 0; i < 3; ++i) {
    pcm.mapped.assign(32, -1);
    EXPECT_EQ(pcm.avail(), 10);
    EXPECT_EQ(view(pcm, 10), counted(1, 10));
    EXPECT_EQ(pcm.appl_ptr(), 0u);
    EXPECT_EQ(pcm.source().asked, 10u);
    EXPECT_EQ(pcm.delay(), 10);
  }
  ASSERT_EQ(pcm.mmap_commit(4), 4);
  EXPECT_EQ(pcm.avail(), 6);
  EXPECT_EQ(view(pcm, 6), counted(5, 6));
}

TEST(SubstreamMmap, CaptureCommitMovesTheXrunWithNoHook) {
  IoplugPcm pcm(kCapture);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(20);
  ASSERT_EQ(pcm.avail(), 20);
  ASSERT_EQ(pcm.mmap_commit(20), 20);
  pcm.pass(31);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.avail(), 31);
  pcm.run(1);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.source().asked, 52u);
}

TEST(SubstreamMmap, CaptureReadsOnForManyLaps) {
  IoplugPcm pcm({.stream = SND_PCM_STREAM_CAPTURE,
                 .period_size = 7,
                 .buffer_size = 30,
                 .boundary = 30 << 8,
                 .mmap = true});
  ASSERT_EQ(pcm.start(), 0);
  Samples captured;
  for (int turn = 0; turn < 50; ++turn) {
    pcm.run(13);
    ASSERT_EQ(pcm.avail(), 13);
    captured = captured + view(pcm, 13);
    while (const snd_pcm_uframes_t piece = pcm.mmap_begin(13)) pcm.mmap_commit(piece);
    ASSERT_EQ(pcm.avail(), 0);
  }
  EXPECT_EQ(captured, counted(1, 50 * 13));
}

/// The position moves without a hook. The level is right again after the next hook.
TEST(SubstreamMmap, CaptureCommitTakesReadinessAwayAtTheNextLook) {
  IoplugPcm pcm(kCapture);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(10);
  ASSERT_EQ(pcm.avail(), 10);
  ASSERT_EQ(pcm.mmap_commit(10), 10);
  EXPECT_EQ(pcm.substream().poll_revents(), 0);
  EXPECT_FALSE(pcm.ready());
  pcm.run(7);
  EXPECT_FALSE(pcm.ready());
  pcm.run(1);
  EXPECT_TRUE(pcm.ready()) << "18 frames have come, which is no tick";
}

/// Without a look at the hardware: the program is about to sleep.
TEST(SubstreamMmap, CaptureCommitTakesReadinessAwayBeforeThePoll) {
  IoplugPcm pcm(kCapture);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(10);
  ASSERT_EQ(pcm.avail(), 10);
  ASSERT_EQ(pcm.mmap_commit(2), 2);
  pcm.substream().before_poll();
  EXPECT_TRUE(pcm.ready()) << "8 frames are left";
  ASSERT_EQ(pcm.mmap_commit(1), 1);
  pcm.substream().before_poll();
  EXPECT_FALSE(pcm.ready());
  pcm.run(1);
  EXPECT_TRUE(pcm.ready()) << "8 frames are there, which is no tick";
  EXPECT_EQ(pcm.wait(), 0);
}

/// Written by write(), not by a mapped buffer.
TEST(SubstreamRewind, FramesWrittenAndTakenBackAreNeverPlayed) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(starting_by_hand()), 0);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.rewind(12), 12);
  EXPECT_EQ(pcm.write(5), 5);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(25);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.sink().played, counted(1, 20) + counted(33, 5));
}

TEST(SubstreamRewind, OfARunningStreamCountsAtTheNextTick) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(10);
  ASSERT_EQ(pcm.avail(), 10);
  ASSERT_EQ(pcm.rewind(8), 8);
  pcm.pass(14);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_XRUN) << "24 frames were left, and a tick is there";
  EXPECT_EQ(pcm.sink().played, counted(1, 24));
}

/// A rewind of a whole transfer gives alsa-lib's pointer the value that it had before the transfer.
TEST(SubstreamRewind, OfAWholeWriteIsNoticed) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(16), 16);
  ASSERT_EQ(pcm.write(8), 8);
  EXPECT_EQ(pcm.sink().committed_to, 24u);
  ASSERT_EQ(pcm.rewind(8), 8);
  EXPECT_EQ(pcm.delay(), 16);
  EXPECT_EQ(pcm.sink().committed_to, 16u) << "the sink gets the smaller limit";
  pcm.run(16);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.sink().played, counted(1, 16));
}

TEST(SubstreamRewind, ForwardPlaysWhatLiesThere) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(starting_by_hand()), 0);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.rewind(32), 32);
  ASSERT_EQ(pcm.write(4), 4);
  ASSERT_EQ(pcm.forward(10), 10);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(14);
  EXPECT_EQ(pcm.avail(), -EPIPE);
  EXPECT_EQ(pcm.sink().played, counted(33, 4) + counted(5, 10));
}

/// snd_pcm_reset stores a 0, and so does a prepare that will be refused. Both do it before a hook.
TEST(SubstreamRewind, ZeroWhileTheHardwareRunsIsNoPosition) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(10);
  pcm.rewind(32);
  ASSERT_EQ(pcm.appl_ptr(), 0u);
  pcm.pass(10);
  EXPECT_EQ(pcm.state(), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(pcm.delay(), 12);
  EXPECT_EQ(pcm.prepare(), -EBUSY);
  EXPECT_EQ(pcm.appl_ptr(), 32u) << "put back";
  EXPECT_EQ(pcm.played_by_now(), counted(1, 20));
}

/// alsa-lib sets its pointers to 0 before it calls the prepare hook.
TEST(SubstreamRewind, RefusedPrepareLeavesTheStreamAsItWas) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.write(32), 32);
  pcm.run(10);
  EXPECT_EQ(pcm.prepare(), -EBUSY);
  EXPECT_EQ(pcm.appl_ptr(), 32u);
  EXPECT_EQ(pcm.delay(), 22);
  pcm.run(5);
  EXPECT_EQ(pcm.avail(), 15);
  EXPECT_EQ(pcm.write(15), 15);
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, 47));
}

}  // namespace
}  // namespace dmasim
