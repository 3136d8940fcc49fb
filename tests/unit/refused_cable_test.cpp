// SPDX-License-Identifier: LGPL-2.1-or-later
/// The system refuses a call on the file of a cable.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>

#include "tests/unit/cable/cable_fixture.h"
#include "tests/unit/error_while.h"

namespace dmasim {
namespace {

class RefusedCable : public ::testing::Test {
 protected:
  const RuntimeDirectory runtime_;
  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
};

TEST_F(RefusedCable, IsExplainedAndHoldsNothing) {
  Player player(clock_);
  const auto begin = [&] { return player.begin(1); };
  EXPECT_EQ(error_while("mkdir", EROFS, begin), EROFS);
  EXPECT_EQ(error_while("openat", ENFILE, begin), ENFILE);
  EXPECT_EQ(error_while("openat", EISDIR, begin, 3), EACCES) << "a directory lies in its place";
  EXPECT_EQ(error_while("fstat", EIO, begin, 3), EACCES) << "nobody knows whose it is";
  EXPECT_EQ(error_while("fcntl", ENOLCK, begin), EBUSY);
  EXPECT_EQ(error_while("ftruncate", EIO, begin), EIO);
  EXPECT_NE(player.sink->explain(), "");
  EXPECT_EQ(error_while("posix_fallocate", ENOSPC, begin), ENOSPC);
  EXPECT_NE(player.sink->explain().find("No space left"), std::string::npos);
  EXPECT_TRUE(Player(clock_).begin(1)) << "a refused one holds nothing";
  EXPECT_EQ(error_while("posix_fallocate", EINTR, begin), 0) << "a signal came: it tries again";
}

/// The second lock that a start takes is the format's.
TEST_F(RefusedCable, LockOfAFormatFailsTheStart) {
  Player player(clock_);
  Listener listener(clock_);
  EXPECT_EQ(error_while("fcntl", ENOLCK, [&] { return listener.start(0); }), EBUSY);
  EXPECT_TRUE(listener.start(0));
  ASSERT_TRUE(player.begin(1));
}

/// The first lock call of the second start gives up the first format, the next one fails.
TEST_F(RefusedCable, LockOfTheNextFormatLeavesNoTape) {
  constexpr PcmFormat kOther{.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 1000};
  Player player(clock_);
  ASSERT_TRUE(player.begin(1));
  EXPECT_GT(std::filesystem::file_size(runtime_.file("test")), 0U);
  EXPECT_EQ(error_while(
                "fcntl", ENOLCK, [&] { return player.begin(1, kOther); }, 2),
            EBUSY);
  EXPECT_EQ(std::filesystem::file_size(runtime_.file("test")), 0U)
      << "nobody takes part in the cable";
}

/// A start may wait for a fork while it opens and locks the file. Other threads ask the source
/// meanwhile, as a hook or the completion thread does.
TEST_F(RefusedCable, ThatASourceOpensKeepsNobodyWaiting) {
  for (const char* call : {"openat", "fcntl"}) {
    Listener listener(clock_);
    std::future<uint64_t> late;
    const InterruptedCall in_start(call, [&] {
      late = std::async(std::launch::async, [&] { return listener.source->stats().late_frames; });
      EXPECT_EQ(late.wait_for(std::chrono::seconds(5)), std::future_status::ready) << call;
    });
    EXPECT_TRUE(listener.source->configure(kSlow, kRingFrames));
    ASSERT_TRUE(in_start.happened()) << call;
    EXPECT_EQ(late.get(), 0U);
  }
}

/// The frames that the tape did not take are silence for the captures, and lost for the playback.
TEST_F(RefusedCable, WhoseTapeCannotBeWrittenLosesWhatWasCommitted) {
  Player player(clock_);
  Listener listener(clock_);
  ASSERT_TRUE(player.begin(1));
  ASSERT_TRUE(listener.start(0));
  ASSERT_TRUE(player.run(0));
  player.commit(8);
  {
    const RefusedCall full("pwrite", EIO);
    player.commit(24);
    EXPECT_TRUE(full.happened());
  }
  EXPECT_EQ(player.sink->stats().lost_frames, 16U);
  EXPECT_EQ(player.sink->stats().last_error, EIO);
  EXPECT_EQ(player.sink->flush().error(), EIO);
  EXPECT_TRUE(player.sink->flush()) << "that has been reported";
  EXPECT_EQ(listener.capture(25), captured(1, 1, 8, 16));
}

/// The disk is full for longer than the ring is. What the tape has in place of the lost frames must
/// not come out: here frames of a free run that was withdrawn.
TEST_F(RefusedCable, WhoseTapeCannotBeWrittenForLongGivesSilenceForWhatWasLost) {
  Player player(clock_);
  Listener listener(clock_);
  ASSERT_TRUE(player.begin(1));
  ASSERT_TRUE(listener.start(0));
  ASSERT_TRUE(player.run(0));
  player.commit(40);
  const std::vector<int32_t> other(kRingFrames, 7);
  player.sink->timed()->free_run(std::as_bytes(std::span(other)), 40, 104);
  player.commit(40);
  for (const uint64_t end : {80U, 120U, 160U}) {
    const RefusedCall full("pwrite", ENOSPC);
    player.commit(end);
    EXPECT_TRUE(full.happened());
  }
  EXPECT_EQ(player.sink->stats().lost_frames, 120U);
  EXPECT_EQ(player.sink->stats().last_error, ENOSPC);
  player.commit(200);
  EXPECT_EQ(player.sink->stats().lost_frames, 120U) << "each frame is counted once";
  EXPECT_EQ(listener.capture(41), captured(1, 1, 40, 0));
  EXPECT_EQ(listener.capture(120), captured(120, 0, 0, 0));
  EXPECT_EQ(listener.capture(40), captured(0, 161, 40, 0));
}

TEST_F(RefusedCable, WhoseTapeCannotBeWrittenBeforeTheStartBeginsBehindWhatWasLost) {
  Player player(clock_);
  Listener listener(clock_);
  ASSERT_TRUE(player.begin(1));
  ASSERT_TRUE(listener.start(0));
  player.commit(8);
  player.commit(0);
  {
    const RefusedCall full("pwrite", ENOSPC);
    player.commit(8);
    EXPECT_TRUE(full.happened());
  }
  player.commit(16);
  ASSERT_TRUE(player.run(0));
  EXPECT_EQ(player.sink->stats().lost_frames, 8U);
  EXPECT_EQ(listener.capture(18), captured(9, 9, 8, 1));
}

/// What a rewind takes back is lost no more: it is committed anew.
TEST_F(RefusedCable, WhoseTapeCannotBeWrittenTakesTheFramesAgainAfterARewind) {
  Player player(clock_);
  Listener listener(clock_);
  ASSERT_TRUE(player.begin(1));
  ASSERT_TRUE(listener.start(0));
  ASSERT_TRUE(player.run(0));
  player.commit(8);
  {
    const RefusedCall full("pwrite", ENOSPC);
    player.commit(24);
    EXPECT_TRUE(full.happened());
  }
  player.commit(4);
  player.commit(20);
  EXPECT_EQ(listener.capture(22), captured(1, 1, 20, 1));
}

TEST_F(RefusedCable, WhoseTapeCannotBeWrittenLosesWhatComesOutInAFreeRun) {
  Player player(clock_);
  ASSERT_TRUE(player.begin(1));
  ASSERT_TRUE(player.run(0));
  player.commit(8);
  const std::vector<int32_t> ring(kRingFrames, 7);
  {
    const RefusedCall full("pwrite", EIO);
    player.sink->timed()->free_run(std::as_bytes(std::span(ring)), 8, 24);
    EXPECT_TRUE(full.happened());
  }
  EXPECT_EQ(player.sink->stats().lost_frames, 16U);
  EXPECT_EQ(player.sink->flush().error(), EIO);
}

TEST_F(RefusedCable, WhoseRecordCannotBeWrittenSaysSo) {
  Player player(clock_);
  ASSERT_TRUE(player.begin(1));
  player.commit(8);
  EXPECT_EQ(player.sink->stats().last_error, 0);
  {
    const RefusedCall full("pwrite", EIO);
    ASSERT_TRUE(player.run(0));
    EXPECT_TRUE(full.happened());
  }
  EXPECT_EQ(player.sink->stats().last_error, EIO);
}

TEST_F(RefusedCable, WhoseTapeCannotBeReadIsSilence) {
  Player player(clock_);
  Listener listener(clock_);
  ASSERT_NO_FATAL_FAILURE(player.play(1, 32, 0));
  ASSERT_TRUE(listener.start(0));
  {
    const RefusedCall unreadable("pread", EIO, 3);  // after the progress and the record
    EXPECT_EQ(listener.capture(5), captured(5, 0, 0, 0));
    EXPECT_TRUE(unreadable.happened());
  }
  EXPECT_EQ(listener.capture(4), captured(0, 5, 4, 0));
  {
    const RefusedCall unreadable("pread", EIO);
    EXPECT_EQ(listener.capture(4), captured(0, 9, 4, 0)) << "it tries again, in the other order";
    EXPECT_TRUE(unreadable.happened());
  }
}

class CableReads : public RefusedCable {
 protected:
  /// Says whether the next read makes an n-th call of `call`.
  bool calls(const char* call, int which, Listener& listener,
             const std::vector<int32_t>& expected) {
    const RefusedCall nth(call, EIO, which);
    EXPECT_EQ(listener.capture(expected.size()), expected);
    return nth.happened();
  }
};

/// The samples, then the progress. The first read also needs the record.
TEST_F(CableReads, OfAReaderInTimeAreTwo) {
  Player player(clock_);
  Listener listener(clock_);
  ASSERT_NO_FATAL_FAILURE(player.play(1, 32, 0));
  ASSERT_TRUE(listener.start(0));
  EXPECT_EQ(listener.capture(5), captured(1, 1, 4, 0));
  player.commit(40);
  EXPECT_FALSE(calls("pread", 3, listener, captured(0, 5, 4, 0)));
}

/// While a writer commits, it lives.
TEST_F(CableReads, AskForTheWritersLockOnlyIfItCommitsNothing) {
  Player player(clock_);
  Listener listener(clock_);
  ASSERT_NO_FATAL_FAILURE(player.play(1, 32, 0));
  ASSERT_TRUE(listener.start(0));
  EXPECT_EQ(listener.capture(5), captured(1, 1, 4, 0));
  player.commit(40);
  EXPECT_FALSE(calls("fcntl", 1, listener, captured(0, 5, 4, 0)));
  player.commit(44);
  EXPECT_FALSE(calls("fcntl", 1, listener, captured(0, 9, 4, 0)));
  EXPECT_FALSE(calls("fcntl", 1, listener, captured(0, 13, 1, 0))) << "a millisecond is no time";
  EXPECT_TRUE(calls("fcntl", 1, listener, captured(0, 14, 4, 0))) << "nothing was committed";
}

}  // namespace
}  // namespace dmasim
