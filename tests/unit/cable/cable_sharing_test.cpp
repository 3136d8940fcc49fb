// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which processes may use a cable, which files other processes leave behind, and which files they
/// may put there.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <bit>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "engine/card/names.h"
#include "engine/device/tee_sink.h"
#include "engine/recording/file_sink.h"
#include "tests/unit/cable/cable_fixture.h"
#include "tests/unit/child_process.h"
#include "tests/unit/unprivileged.h"

namespace dmasim {
namespace {

constexpr int64_t kStart = 10 * kSecondNs;
constexpr PcmFormat kOther{.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 48000};

class CableSharing : public ::testing::Test {
 protected:
  static int64_t after(int64_t frames) { return kStart + frames * kFrameNs; }
  [[nodiscard]] std::string path() const { return directory_.file("test"); }
  void overwrite(uint64_t offset, std::span<const std::byte> bytes) const {
    const UniqueFd fd(open(path().c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes.size()));
  }

  RuntimeDirectory directory_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(kStart);
};

TEST_F(CableSharing, ASecondWriterIsRefusedAndToldTheOwner) {
  {
    Player first(clock_);
    ASSERT_TRUE(first.begin(1));
    Player second(clock_);
    EXPECT_EQ(second.begin(1).error(), EBUSY);
    EXPECT_NE(second.sink->explain().find(std::to_string(getpid())), std::string::npos)
        << second.sink->explain();
    EXPECT_TRUE(Player(clock_, "another").begin(1));
    EXPECT_TRUE(first.begin(1)) << "its own cable";
  }
  EXPECT_TRUE(Player(clock_).begin(1));
}

/// As in a PCM with a file and a cable: if a start fails because of the file, other streams can use
/// the cable.
TEST_F(CableSharing, AFileThatIsInUseLeavesTheCableBesideItFree) {
  const std::string recording = directory_.path() / "x.raw";
  auto owner = *make_file_sink(recording.c_str(), {});
  ASSERT_TRUE(owner->configure(kSlow, kRingFrames));
  const auto both =
      make_tee_sink(*make_file_sink(recording.c_str(), {}), make_cable_sink("test", clock_));
  EXPECT_EQ(both->configure(kSlow, kRingFrames).error(), EBUSY);
  EXPECT_FALSE(cable_carries("test"));
  {
    Player other(clock_);
    EXPECT_TRUE(other.begin(1, kOther)) << other.sink->explain();
    owner.reset();
    EXPECT_EQ(both->configure(kSlow, kRingFrames).error(), EBUSY);
  }
  EXPECT_TRUE(both->configure(kSlow, kRingFrames));
  EXPECT_EQ(Player(clock_).begin(1).error(), EBUSY);
}

TEST_F(CableSharing, ALookMakesNoCableAndTakesNone) {
  const auto sink = make_cable_sink("test", clock_);
  const auto source = make_cable_source("test", clock_);
  EXPECT_TRUE(sink->look(kSlow));
  EXPECT_TRUE(source->look(kSlow));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  Player first(clock_);
  ASSERT_TRUE(first.begin(1));
  EXPECT_TRUE(sink->look(kSlow)) << "who plays may have left before the start";
  EXPECT_TRUE(first.sink->look(kSlow)) << "its own cable";
  EXPECT_EQ(sink->explain(), "");
}

TEST_F(CableSharing, ALookTellsThatNoCableCanBeMade) {
  const auto sink = make_cable_sink("test", clock_);
  const auto source = make_cable_source("test", clock_);
  const auto refused = [&](int error) {
    EXPECT_EQ(sink->look(kSlow).error(), error);
    EXPECT_EQ(source->look(kSlow).error(), error);
    EXPECT_EQ(sink->configure(kSlow, kRingFrames).error(), error) << "as at the start";
    EXPECT_NE(sink->explain().find("cable = \"test\""), std::string::npos) << sink->explain();
  };
  const auto place = directory_.path() / "dmasim";
  std::ofstream(place) << "no directory";
  refused(EACCES);
  EXPECT_NE(source->explain().find("this user's alone"), std::string::npos) << source->explain();
  std::filesystem::remove(place);
  directory_.make_files();
  std::filesystem::create_directory(directory_.file("test"));
  refused(EACCES);
  std::filesystem::remove(directory_.file("test"));
  ASSERT_EQ(mkfifo(directory_.file("test").c_str(), 0600), 0);
  refused(EACCES);
  std::filesystem::remove_all(directory_.path());
  refused(ENOENT);
  EXPECT_EQ(make_cable_sink("../test", clock_)->look(kSlow).error(), EINVAL);
}

TEST_F(CableSharing, ALookTellsThatTheDirectoryIsNotToBeWritten) {
  if (!unprivileged_has_files()) GTEST_SKIP() << "only root can use files here";
  const Unprivileged somebody;
  const RuntimeDirectory theirs;
  const auto sink = make_cable_sink("test", clock_);
  EXPECT_EQ(chmod(theirs.path().c_str(), 0500), 0);
  EXPECT_EQ(sink->look(kSlow).error(), EACCES) << "no directory can be made";
  EXPECT_EQ(chmod(theirs.path().c_str(), 0700), 0);
  theirs.make_files();
  EXPECT_EQ(chmod(theirs.files().c_str(), 0500), 0);
  EXPECT_EQ(sink->look(kSlow).error(), EACCES) << "no file can be made";
  std::filesystem::remove(theirs.files());
  EXPECT_EQ(chmod((theirs.path() / "dmasim").c_str(), 0500), 0);
  EXPECT_EQ(sink->look(kSlow).error(), EACCES) << "no directory for this format can be made";
  EXPECT_EQ(chmod((theirs.path() / "dmasim").c_str(), 0700), 0);
  EXPECT_TRUE(sink->look(kSlow));
}

TEST_F(CableSharing, ATakenCableLeavesTheFileBesideItAlone) {
  const std::string recording = directory_.path() / "x.raw";
  Player other(clock_);
  ASSERT_TRUE(other.begin(1));
  const auto both =
      make_tee_sink(*make_file_sink(recording.c_str(), {}), make_cable_sink("test", clock_));
  EXPECT_EQ(both->configure(kSlow, kRingFrames).error(), EBUSY);
  EXPECT_FALSE(std::filesystem::exists(recording));
  EXPECT_TRUE((*make_file_sink(recording.c_str(), {}))->configure(kSlow, kRingFrames));
}

TEST_F(CableSharing, AnotherFormatIsRefusedOnEitherSideAndToldWhich) {
  {
    Player player(clock_);
    ASSERT_TRUE(player.begin(1));
    EXPECT_EQ(cable_carries("test"), kSlow);
    const auto source = make_cable_source("test", clock_);
    EXPECT_EQ(source->configure(kOther, 64).error(), EINVAL);
    EXPECT_NE(source->explain().find("S32_LE, 1 channel, 1000 Hz"), std::string::npos)
        << source->explain();
    EXPECT_TRUE(source->configure(kSlow, 64)) << "the same one may try again";
    EXPECT_EQ(player.begin(1, kOther).error(), EINVAL) << "the reader is there";
  }
  EXPECT_FALSE(cable_carries("test"));
  {
    Player player(clock_);
    ASSERT_TRUE(player.begin(1, kOther));
    EXPECT_EQ(Listener(clock_).start(kStart).error(), EINVAL);
  }
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  EXPECT_EQ(player.begin(1, kOther).error(), EINVAL);
  EXPECT_NE(player.sink->explain().find("S16_LE, 2 channels, 48000 Hz"), std::string::npos);
  EXPECT_TRUE(player.begin(1));
}

TEST_F(CableSharing, AloneOnTheCableTheFormatMayChange) {
  Player player(clock_);
  ASSERT_TRUE(player.begin(1, kOther));
  ASSERT_TRUE(player.begin(1));
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  player.play(100, 10, kStart);
  EXPECT_EQ(listener.hear(12), heard(1, 100, 10, 1));
}

TEST_F(CableSharing, AKilledWriterFallsSilentAndItsSuccessorIsHeard) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Child child([&] { (new Player(clock_))->play(100, 40, kStart); });
  EXPECT_EQ(listener.hear(6), heard(1, 100, 5, 0));
  child.kill();
  EXPECT_EQ(listener.hear(10), heard(0, 105, 10, 0)) << "it was due when we noticed";
  EXPECT_EQ(listener.hear(10), heard(0, 115, 1, 9));
  Player successor(clock_);
  successor.play(200, 20, after(30));
  EXPECT_EQ(listener.hear(30), heard(5, 200, 20, 5));
}

TEST_F(CableSharing, AKilledReaderLeavesNothingThatBinds) {
  {
    Child child([&] { ASSERT_TRUE((new Listener(clock_))->start(kStart)); });
    EXPECT_EQ(Player(clock_).begin(1, kOther).error(), EINVAL);
  }
  EXPECT_TRUE(Player(clock_).begin(1, kOther));
}

TEST_F(CableSharing, AKilledWritersFormatIsNotItsSuccessors) {
  Child([&] { ASSERT_TRUE((new Player(clock_))->begin(1, kOther)); }).kill();
  auto successor = CableFile::open("test");
  ASSERT_TRUE(successor && successor->lock_writer() && successor->join(kSlow));
  EXPECT_EQ(successor->load()->format, pack_format(kOther)) << "it has written nothing yet";
  EXPECT_EQ(cable_carries("test"), kSlow);
  EXPECT_EQ(CableFile::open("test")->join(kOther).error(), EINVAL);
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  listener.hear(2);
  EXPECT_FALSE(listener.source->timed()->broken());
}

TEST_F(CableSharing, AForkedChildHoldsNoneOfItsParentsLocks) {
  auto player = std::make_unique<Player>(clock_);
  ASSERT_TRUE(player->begin(1));
  const Child child([] {});
  player.reset();
  EXPECT_FALSE(cable_carries("test"));
  EXPECT_TRUE(Player(clock_).begin(1, kOther)) << "process " << child.pid() << " still lives";
}

TEST_F(CableSharing, AForkedChildHoldsNoneOfAKilledParentsLocks) {
  Child writer([&] {
    setpgid(0, 0);
    ASSERT_TRUE((new Player(clock_))->begin(1));
    if (fork() != 0) {
      for (;;) ::pause();
    }
  });
  const pid_t group = writer.pid();
  EXPECT_EQ(Player(clock_).begin(1).error(), EBUSY);
  writer.kill();
  EXPECT_TRUE(Player(clock_).begin(1, kOther)) << "while the child still lives";
  EXPECT_EQ(::kill(-group, SIGKILL), 0);
}

TEST_F(CableSharing, WhoLeavesLastEmptiesTheFile) {
  const auto size = [&] { return std::filesystem::file_size(path()); };
  {
    Listener listener(clock_);
    ASSERT_TRUE(listener.start(kStart));
    {
      Player player(clock_);
      player.play(100, 20, kStart);
      EXPECT_GT(size(), kDataOffset);
      player.stop(20);
    }
    EXPECT_GT(size(), kDataOffset);
    EXPECT_EQ(listener.hear(25), heard(1, 100, 20, 4)) << "the tail is heard after the writer left";
  }
  EXPECT_EQ(size(), 0U);
  { Player(clock_).play(100, 20, kStart); }
  EXPECT_EQ(size(), 0U);
}

/// A reader that leaves empties the file, unless a writer uses it by then. A writer may come at
/// just that moment.
TEST_F(CableSharing, AReaderThatLeavesAsAWriterComesTakesNothingAway) {
  std::atomic<bool> done = false;
  std::thread leaver([&] {
    while (!done) {
      auto file = CableFile::open("test");
      if (!file || !file->join(kSlow)) continue;
      file->leave();
      file->reclaim();
    }
  });
  for (int i = 0; i < 2000 && !HasFailure(); ++i) {
    Player player(clock_);
    const auto begun = player.begin(1);
    EXPECT_TRUE(begun) << begun.error();
    player.commit(10);
    EXPECT_GT(std::filesystem::file_size(path()), kDataOffset) << i;
  }
  done = true;
  leaver.join();
}

TEST_F(CableSharing, ATornUpdateIsAsIfItHadNotBegun) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 10, kStart);
  EXPECT_EQ(listener.hear(6), heard(1, 100, 5, 0));
  std::vector<std::byte> slots(kDataOffset);
  std::ifstream(path()).read(reinterpret_cast<char*>(slots.data()), kDataOffset);
  player.commit(20);
  const auto newest = decode_newest<CableRecord>(slots)->sequence + 1;
  const std::byte garbage[8]{};
  overwrite(newest % kSlots * CableRecord::kSlotBytes + 5 * sizeof(uint64_t), garbage);
  EXPECT_EQ(listener.hear(10), heard(0, 105, 5, 5)) << "the commit before it";
  player.commit(30);
  EXPECT_EQ(listener.hear(10), heard(0, 115, 10, 0));
}

TEST_F(CableSharing, ARuinedFileIsSilence) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 60, kStart);
  EXPECT_EQ(listener.hear(6), heard(1, 100, 5, 0));
  ASSERT_EQ(truncate(path().c_str(), 100), 0);
  EXPECT_EQ(listener.hear(4), heard(4, 0, 0, 0));
  ASSERT_EQ(truncate(path().c_str(), kDataOffset + 4), 0);
  EXPECT_EQ(listener.hear(4), heard(4, 0, 0, 0));
  player.stop(60);
  player.play(200, 40, after(20));
  EXPECT_EQ(listener.hear(30), heard(7, 200, 23, 0)) << "a new start writes all anew";
}

/// The records have a right checksum and random values within the bounds. Nothing may crash or
/// hang, and a reader must never get bytes from outside of the samples.
TEST_F(CableSharing, HostileRecordsAreHeardAsSilenceOrSamples) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Player player(clock_);
  player.play(100, 60, kStart);
  const auto whole = [&] {
    std::vector<std::byte> slots(kDataOffset);
    std::ifstream(path()).read(reinterpret_cast<char*>(slots.data()), kDataOffset);
    return *decode_newest<CableRecord>(slots);
  }();
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
    record.sequence = whole.sequence + 2 * i + 2;
    seal(record);
    overwrite(slot_offset(record), std::as_bytes(std::span(&record, 1)));
    for (const int32_t each : listener.hear(5)) {
      ASSERT_TRUE(each == 0 || (each >= 100 && each < 160)) << each;
    }
  }
}

/// A limit of the file's size acts as a full file system.
TEST_F(CableSharing, ATapeThatThereIsNoRoomForIsBegunAnew) {
  { ASSERT_TRUE(Player(clock_).begin(1)); }
  CableRecord record;
  record.instance = 1;
  record.format = pack_format(kSlow);
  record.capacity_frames = cable_capacity(kSlow, kMostBurstBytes / kSlow.frame_bytes());
  seal(record);
  overwrite(0, std::as_bytes(std::span(&record, 1)));
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

TEST_F(CableSharing, ABufferThatNoRecordMayTellOfIsRefused) {
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
