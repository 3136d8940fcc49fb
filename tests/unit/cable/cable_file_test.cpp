// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a cable's file may hold, and which files and directories a cable refuses. Other programs
/// can write to the file, so its contents may be wrong in any way.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <bit>
#include <fstream>
#include <random>

#include "engine/card/names.h"
#include "tests/unit/cable/cable_sharing_fixture.h"

namespace dmasim {
namespace {

TEST_F(CableSharing, ATornUpdateIsAsIfItHadNotBegun) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 10, kStart);
  EXPECT_EQ(listener.capture(6), captured(1, 100, 5, 0));
  CableProgress next = *progress_in(head_of(path()));
  player.commit(20);
  seal_next(next);
  const std::byte garbage[8]{};
  overwrite(kProgressOffset + slot_offset(next) + 5 * sizeof(uint64_t), garbage);
  EXPECT_EQ(listener.capture(10), captured(0, 105, 5, 5)) << "the commit before it";
  player.commit(30);
  EXPECT_EQ(listener.capture(10), captured(0, 115, 10, 0));
}

TEST_F(CableSharing, ARuinedFileIsSilence) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 60, kStart);
  EXPECT_EQ(listener.capture(6), captured(1, 100, 5, 0));
  ASSERT_EQ(truncate(path().c_str(), 100), 0);
  EXPECT_EQ(listener.capture(4), captured(4, 0, 0, 0));
  ASSERT_EQ(truncate(path().c_str(), kDataOffset + 4), 0);
  EXPECT_EQ(listener.capture(4), captured(4, 0, 0, 0));
  player.stop(60);
  player.play(200, 40, after(20));
  EXPECT_EQ(listener.capture(30), captured(7, 200, 23, 0)) << "a new start writes all anew";
}

/// The records have a right checksum and random values within the bounds. Nothing may crash or
/// hang, and a reader must never get bytes from outside of the samples.
TEST_F(CableSharing, HostileRecordsAreCapturedAsSilenceOrSamples) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 60, kStart);
  const CableRecord whole = *decode_newest<CableRecord>(head_of(path()));
  std::mt19937_64 random(7);
  const auto limits = [&](uint64_t word) {
    switch (random() % 4) {
      case 0:
        return uint64_t{1} << random() % 64;
      case 1:
        return word + random() % 5 - 2;
      case 2:
        return word ^ (uint64_t{1} << random() % 64);
      default:
        return random() >> random() % 64;
    }
  };
  for (uint64_t i = 0; i < 20'000; ++i) {
    auto words = std::bit_cast<std::array<uint64_t, sizeof whole / sizeof(uint64_t)>>(whole);
    for (uint64_t n = 1 + random() % 3; n > 0; --n) {
      uint64_t& word = words[1 + random() % 18];
      word = limits(word);
    }
    auto record = std::bit_cast<CableRecord>(words);
    record.sequence = whole.sequence + i;
    forge_record(path(), record);
    for (const int32_t each : listener.capture(5)) {
      ASSERT_TRUE(each == 0 || (each >= 100 && each < 160)) << each;
    }
  }
}

/// A participant that was stopped while it left may empty the file when it goes on.
TEST_F(CableSharing, AnEmptiedFileIsRepairedByTheWritersCommits) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 10, kStart);
  EXPECT_EQ(listener.capture(6), captured(1, 100, 5, 0));
  ASSERT_EQ(truncate(path().c_str(), 0), 0);
  EXPECT_EQ(listener.capture(5), captured(5, 0, 0, 0));
  for (uint64_t end = 11; end <= 300; ++end) player.commit(end);
  EXPECT_EQ(listener.capture(60), captured(0, 110, 60, 0));
}

/// A rewind that writes nothing again leaves the frames on the tape.
TEST_F(CableSharing, WhatWasTakenBackSinceTheLastReadIsNotCaptured) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 40, kStart);
  EXPECT_EQ(listener.capture(6), captured(1, 100, 5, 0));
  player.commit(8);
  EXPECT_EQ(listener.capture(10), captured(0, 105, 3, 7));
}

/// The memory of a tape is allocated as far as a start needs it. The size is set, so that no later
/// write can exceed a limit of it.
TEST_F(CableSharing, AStartAllocatesTheBeginningOfTheTape) {
  Player player(clock_);
  ASSERT_TRUE(player.begin(1));
  struct stat status {};
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  const uint64_t frame_bytes = kSlow.frame_bytes();
  EXPECT_EQ(static_cast<uint64_t>(status.st_size),
            kDataOffset + cable_capacity(kSlow, kRingFrames) * frame_bytes);
  EXPECT_GE(status.st_blocks * 512, 16 << 10);
  EXPECT_LE(status.st_blocks * 512, 64 << 10);
}

/// A limit of the file's size acts as a full file system.
TEST_F(CableSharing, ATapeThatThereIsNoRoomForIsBegunAnew) {
  { ASSERT_TRUE(Player(clock_).begin(1)); }
  CableRecord record;
  record.instance = 1;
  record.format = pack_format(kSlow);
  record.capacity_frames = cable_capacity(kSlow, kMostBurstBytes / kSlow.frame_bytes());
  forge_record(path(), record);
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
  rlimit small = usual;
  small.rlim_cur = 16 << 20;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  Player player(clock_);
  const auto begun = player.begin(1);
  EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &usual), 0);
  EXPECT_TRUE(begun) << begun.error();
}

TEST_F(CableSharing, ABufferThatNoRecordMayDescribeIsRefused) {
  const auto sink = make_cable_sink("test", clock_);
  const uint64_t most = kMostBurstBytes / kSlow.frame_bytes();
  EXPECT_EQ(sink->configure(kSlow, most + 1).error(), EINVAL);
}

class CableDirectory : public CableSharing {
 protected:
  [[nodiscard]] std::string all_formats() const { return directory_.path() / "dmasim"; }
  void expect_refused(const char* what) {
    Player player(clock_);
    EXPECT_EQ(player.begin(1).error(), EACCES) << what;
    EXPECT_NE(player.sink->explain().find("test"), std::string::npos);
    EXPECT_EQ(make_cable_source("test", clock_)->configure(kSlow, 64).error(), EACCES) << what;
    EXPECT_FALSE(cable_carries("test")) << what;
  }
};

TEST_F(CableDirectory, IsMadeForItsUserAlone) {
  umask(0);
  ASSERT_TRUE(Player(clock_).begin(1));
  struct stat status {};
  for (const std::string& made : {all_formats(), directory_.files().string()}) {
    ASSERT_EQ(stat(made.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U) << made;
  }
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(CableDirectory, ThatIsOpenToOthersIsRefused) {
  directory_.make_files();
  for (const std::string& open : {all_formats(), directory_.files().string()}) {
    ASSERT_EQ(chmod(open.c_str(), 0750), 0);
    expect_refused(open.c_str());
    ASSERT_EQ(chmod(open.c_str(), 0700), 0);
  }
}

TEST_F(CableDirectory, ThatIsALinkIsRefused) {
  const auto elsewhere = directory_.path() / "elsewhere";
  ASSERT_EQ(mkdir(elsewhere.c_str(), 0700), 0);
  ASSERT_EQ(symlink(elsewhere.c_str(), all_formats().c_str()), 0);
  expect_refused("a link");
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere));
  std::filesystem::remove(all_formats());
  directory_.make_files();
  std::filesystem::remove(directory_.files());
  ASSERT_EQ(symlink(elsewhere.c_str(), directory_.files().c_str()), 0);
  expect_refused("a link to the directory of this format");
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere));
}

TEST_F(CableDirectory, WithAnythingButAPrivatePlainFileIsRefused) {
  directory_.make_files();
  const std::string victim = directory_.path() / "victim";
  std::ofstream(victim) << "keep me";
  ASSERT_EQ(symlink(victim.c_str(), path().c_str()), 0);
  expect_refused("a link");
  EXPECT_EQ(std::filesystem::file_size(victim), 7U);
  ASSERT_EQ(unlink(path().c_str()), 0);
  ASSERT_EQ(mkfifo(path().c_str(), 0600), 0);
  expect_refused("a FIFO");
  ASSERT_EQ(unlink(path().c_str()), 0);
  ASSERT_EQ(mkdir(path().c_str(), 0700), 0);
  expect_refused("a directory");
  ASSERT_EQ(rmdir(path().c_str()), 0);
  std::ofstream(path()) << "x";
  ASSERT_EQ(chmod(path().c_str(), 0644), 0);
  expect_refused("readable by all");
}

TEST_F(CableDirectory, NamesStayInIt) {
  for (const char* name : {"", ".", "..", "../x", "a/b", ".hidden", "a b", "a\n"}) {
    EXPECT_FALSE(cable_name_valid(name)) << name;
    EXPECT_EQ(CableFile::open(name).error(), EINVAL) << name;
  }
  EXPECT_FALSE(cable_name_valid(std::string(65, 'a')));
  EXPECT_TRUE(cable_name_valid(std::string(64, 'a')));
  EXPECT_TRUE(cable_name_valid("card-1.loop_2"));
}

}  // namespace
}  // namespace dmasim
