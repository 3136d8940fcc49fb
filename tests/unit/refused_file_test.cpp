// SPDX-License-Identifier: LGPL-2.1-or-later
/// The system refuses a call on a file in the cables' directory, or on a recording. The error is
/// reported, nothing is kept, and the next try succeeds.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "engine/base/fork_closed_fd.h"
#include "engine/card/cable_directory.h"
#include "engine/card/mixer_file.h"
#include "engine/card/subdevice.h"
#include "tests/unit/cable/cable_fixture.h"
#include "tests/unit/refused_call.h"
#include "tests/unit/unprivileged.h"

namespace dmasim {
namespace {

/// The error of `call` while the system call `refused` fails. Expects that `call` makes that system
/// call.
template <typename Call>
int error_while(const char* refused, int error, Call call, int which = 1) {
  int answer = 0;
  bool happened = false;
  {
    const RefusedCall nth(refused, error, which);
    answer = call().error();
    happened = nth.happened();
  }
  EXPECT_TRUE(happened) << refused << " was not called";
  return answer;
}

constexpr uid_t kSomebody = 65534;

class CableDirectoryPlace : public ::testing::Test {
 protected:
  /// The path of an open directory.
  static std::filesystem::path path_of(const Result<UniqueFd>& directory) {
    if (!directory) return {};
    return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(directory->get()));
  }
  /// Expects that the directory is in `shared`. If `refused` is not null, the system call `refused`
  /// fails meanwhile. Removes the directory, unless it was there before or is not empty.
  static void expect_fallback(const std::string& shared, const char* refused = nullptr) {
    const std::string expected = shared + "/dmasim-" + std::to_string(geteuid());
    const bool was_there = std::filesystem::exists(expected);
    const auto directory = [refused] {
      const RefusedCall call(refused != nullptr ? refused : "", EACCES);
      return open_cable_directory(true);
    }();
    const std::filesystem::path files = std::filesystem::path(expected) / kFileFormat;
    EXPECT_EQ(path_of(directory), files);
    std::error_code in_use;
    if (was_there) return;
    std::filesystem::remove(files, in_use);
    std::filesystem::remove(expected, in_use);
  }

  const RuntimeDirectory runtime_;
};

TEST_F(CableDirectoryPlace, IsTheUsersRuntimeDirectory) {
  EXPECT_EQ(path_of(open_cable_directory(true)), runtime_.files());
}

TEST_F(CableDirectoryPlace, IsSharedMemoryWithoutARuntimeDirectory) {
  for (const char* runtime : {"", "relative/path", "/a-directory-that-is-not-there", "/dev/null"}) {
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    expect_fallback("/dev/shm");
  }
  unsetenv("XDG_RUNTIME_DIR");
  expect_fallback("/dev/shm");
}

/// sudo and su keep XDG_RUNTIME_DIR: files that one user makes there would be closed to the other.
TEST_F(CableDirectoryPlace, IsNotInTheRuntimeDirectoryOfSomebodyElse) {
  if (geteuid() != 0) {
    setenv("XDG_RUNTIME_DIR", "/", 1);
    expect_fallback("/dev/shm");
    return;
  }
  ASSERT_EQ(chown(runtime_.path().c_str(), kSomebody, kSomebody), 0);
  expect_fallback("/dev/shm");
  EXPECT_TRUE(std::filesystem::is_empty(runtime_.path()));
}

TEST_F(CableDirectoryPlace, IsNotInTheRuntimeDirectoryOfRoot) {
  if (geteuid() != 0 || !unprivileged_has_files()) GTEST_SKIP() << "one user can use files here";
  const Unprivileged somebody;
  expect_fallback("/dev/shm");
}

TEST_F(CableDirectoryPlace, IsInTheUsersRuntimeDirectoryWhateverItsMode) {
  for (const unsigned mode : {0700U, 0755U, 0777U}) {
    std::filesystem::permissions(runtime_.path(), std::filesystem::perms{mode});
    EXPECT_EQ(path_of(open_cable_directory(true)), runtime_.files()) << mode;
  }
}

TEST_F(CableDirectoryPlace, ReportsWhichRuntimeDirectoryItPassesOver) {
  EXPECT_EQ(CableDirectory::find().passed_over, "");
  unsetenv("XDG_RUNTIME_DIR");
  EXPECT_EQ(CableDirectory::find().passed_over, "");
  for (const char* runtime : {"relative/path", "/a-directory-that-is-not-there"}) {
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    EXPECT_EQ(CableDirectory::find().passed_over, runtime);
  }
}

TEST_F(CableDirectoryPlace, OfAnotherOwnerIsRefusedAndNotReplaced) {
  const auto directory = CableDirectory::find();
  EXPECT_EQ(directory.foreign_owner(), "") << "there is none";
  ASSERT_TRUE(directory.open(true));
  EXPECT_EQ(directory.foreign_owner(), "");
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  ASSERT_EQ(chown(directory.path.c_str(), kSomebody, kSomebody), 0);
  EXPECT_EQ(open_cable_directory(true).error(), EACCES);
  EXPECT_EQ(directory.foreign_owner(), directory.path + " belongs to user 65534, not to user 0");
}

TEST_F(CableDirectoryPlace, IsTmpWhereSharedMemoryCannotBeWritten) {
  unsetenv("XDG_RUNTIME_DIR");
  expect_fallback("/tmp", "access");
  expect_fallback("/tmp", "stat");
}

TEST_F(CableDirectoryPlace, IsRefusedForWhatTheSystemSays) {
  const auto make = [] { return open_cable_directory(true); };
  EXPECT_EQ(error_while("mkdir", EROFS, make), EROFS);
  EXPECT_EQ(error_while("open", EMFILE, make), EMFILE);
  EXPECT_EQ(error_while("open", ENOTDIR, make), EACCES) << "something else lies there";
  EXPECT_EQ(error_while("fstat", EIO, make), EACCES) << "nobody knows whose it is";
  EXPECT_EQ(error_while("mkdirat", EROFS, make), EROFS) << "it is there, but not for this format";
  EXPECT_EQ(error_while("openat", EMFILE, make), EMFILE);
  EXPECT_EQ(error_while("openat", ELOOP, make), EACCES) << "a link lies there";
  EXPECT_EQ(error_while("fstat", EIO, make, 2), EACCES) << "nobody knows whose it is";
  EXPECT_TRUE(make());
}

class RefusedFile : public ::testing::Test {
 protected:
  const RuntimeDirectory runtime_;
  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
};

TEST_F(RefusedFile, OfACable) {
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
TEST_F(RefusedFile, OfACablesFormatLock) {
  Player player(clock_);
  Listener listener(clock_);
  EXPECT_EQ(error_while("fcntl", ENOLCK, [&] { return listener.start(0); }), EBUSY);
  EXPECT_TRUE(listener.start(0));
  ASSERT_TRUE(player.begin(1));
}

/// The first lock call of the second start gives up the first format, the next one fails.
TEST_F(RefusedFile, OfACablesNextFormatLeavesNoTape) {
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
TEST_F(RefusedFile, ThatACablesSourceOpensKeepsNobodyWaiting) {
  for (const char* call : {"openat", "fcntl"}) {
    Listener listener(clock_);
    std::future<bool> broken;
    const InterruptedCall in_start(call, [&] {
      broken = std::async(std::launch::async, [&] { return listener.source->timed()->broken(); });
      EXPECT_EQ(broken.wait_for(std::chrono::seconds(5)), std::future_status::ready) << call;
    });
    EXPECT_TRUE(listener.source->configure(kSlow, kRingFrames));
    ASSERT_TRUE(in_start.happened()) << call;
    EXPECT_FALSE(broken.get());
  }
}

/// The frames that the tape did not take are silence for the captures, and lost for the playback.
TEST_F(RefusedFile, WhoseTapeCannotBeWrittenLosesWhatWasCommitted) {
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

/// The disk is full for longer than the ring is. What the tape has in place of the lost frames is
/// older sound, which must not come out.
TEST_F(RefusedFile, WhoseTapeCannotBeWrittenForLongGivesSilenceForWhatWasLost) {
  Player player(clock_);
  Listener listener(clock_);
  ASSERT_TRUE(player.begin(1));
  ASSERT_TRUE(listener.start(0));
  ASSERT_TRUE(player.run(0));
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

TEST_F(RefusedFile, WhoseTapeCannotBeWrittenBeforeTheStartBeginsBehindWhatWasLost) {
  Player player(clock_);
  Listener listener(clock_);
  ASSERT_TRUE(player.begin(1));
  ASSERT_TRUE(listener.start(0));
  {
    const RefusedCall full("pwrite", ENOSPC, 2);  // after the announcement
    player.commit(8);
    EXPECT_TRUE(full.happened());
  }
  player.commit(16);
  ASSERT_TRUE(player.run(0));
  EXPECT_EQ(player.sink->stats().lost_frames, 8U);
  EXPECT_EQ(listener.capture(18), captured(9, 9, 8, 1));
}

/// What a rewind takes back is lost no more: it is committed anew.
TEST_F(RefusedFile, WhoseTapeCannotBeWrittenTakesTheFramesAgainAfterARewind) {
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

TEST_F(RefusedFile, WhoseTapeCannotBeWrittenLosesWhatComesOutInAFreeRun) {
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

TEST_F(RefusedFile, WhoseRecordCannotBeWrittenSaysSo) {
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

TEST_F(RefusedFile, WhoseTapeCannotBeReadIsSilence) {
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

class CableReads : public RefusedFile {
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
  EXPECT_TRUE(calls("fcntl", 1, listener, captured(0, 13, 4, 0))) << "nothing was committed";
}

TEST_F(RefusedFile, OfAMixer) {
  const auto make = [] { return MixerFile::create("dmasim"); };
  EXPECT_EQ(error_while("mkdir", EROFS, make), EROFS);
  EXPECT_EQ(error_while("openat", EMFILE, make), EMFILE);
  auto file = make();
  ASSERT_TRUE(file);
  const auto set = [&] { return file->set(kPlaybackSwitch, 0); };
  EXPECT_EQ(error_while("pwrite", ENOSPC, set), ENOSPC);
  EXPECT_EQ(error_while("pwrite", kNothingDone, set), ENOSPC);
  EXPECT_EQ(file->load().settings[kPlaybackSwitch].value, 1U) << "nothing has changed";
  const auto changed = set();
  EXPECT_TRUE(changed && *changed);
  EXPECT_EQ(file->load().settings[kPlaybackSwitch].value, 0U);
  const RefusedCall unknown("fstat", EIO);
  EXPECT_FALSE(file->linked());
}

TEST_F(RefusedFile, OfASubdevicesLock) {
  const PcmDevice device{.card = "dmasim"};
  const auto acquire = [&] { return Subdevice::acquire(device, 0); };
  EXPECT_EQ(error_while("fcntl", ENOLCK, acquire), ENOLCK);
  EXPECT_EQ(error_while("fcntl", EACCES, acquire), EBUSY) << "some systems say so";
  EXPECT_TRUE(acquire()) << "nobody holds it any more";
}

/// The owner's process number is only for messages.
TEST_F(RefusedFile, OfASubdevicesOwnerLeavesTheLock) {
  const PcmDevice device{.card = "dmasim"};
  EXPECT_EQ(error_while("pwrite", ENOSPC,
                        [&] {
                          auto mine = Subdevice::acquire(device, 0);
                          EXPECT_EQ(subdevice_owner(device, 0), 0);
                          EXPECT_EQ(Subdevice::acquire(device, 0).error(), EBUSY);
                          return mine;
                        }),
            0);
}

/// The table has room for 4096 descriptors that a child must not have.
TEST(ForkClosedDescriptors, BeyondTheTableAreRefused) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  constexpr rlim_t kNeeded = 4200;
  if (limit.rlim_max < kNeeded) GTEST_SKIP() << "this system lets nobody open so many";
  limit.rlim_cur = std::max(limit.rlim_cur, kNeeded);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  const auto adopt = [] { return ForkClosedFd::adopt(UniqueFd(dup(STDERR_FILENO))); };
  std::vector<ForkClosedFd> held;
  int error = 0;
  while (error == 0 && held.size() <= 4096) {
    auto one = adopt();
    error = one.error();
    if (one) held.push_back(*std::move(one));
  }
  EXPECT_EQ(error, EMFILE);
  EXPECT_EQ(held.size(), 4096U);
  held.pop_back();
  EXPECT_TRUE(adopt()) << "a place is free again";
}

}  // namespace
}  // namespace dmasim
