// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which processes may use a cable at the same time, and what a process leaves behind.
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "engine/device/tee_sink.h"
#include "engine/recording/file_sink.h"
#include "tests/unit/cable/cable_sharing_fixture.h"
#include "tests/unit/child_process.h"
#include "tests/unit/unprivileged.h"

namespace dmasim {
namespace {

constexpr PcmFormat kOther{.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 48000};

TEST_F(CableSharing, ASecondWriterIsRefusedAndTheOwnerReported) {
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

TEST_F(CableSharing, ALookReportsThatNoCableCanBeMade) {
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

TEST_F(CableSharing, ALookReportsThatTheDirectoryIsNotToBeWritten) {
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

TEST_F(CableSharing, AnotherFormatIsRefusedOnEitherSideAndReported) {
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
  EXPECT_EQ(listener.capture(12), captured(1, 100, 10, 1));
}

TEST_F(CableSharing, AKilledWriterFallsSilentAndItsSuccessorIsCaptured) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  Child child([&] { (new Player(clock_))->play(100, 40, kStart); });
  EXPECT_EQ(listener.capture(6), captured(1, 100, 5, 0));
  child.kill();
  EXPECT_EQ(listener.capture(10), captured(0, 105, 10, 0)) << "it was due when we noticed";
  EXPECT_EQ(listener.capture(10), captured(0, 115, 1, 9));
  Player successor(clock_);
  successor.play(200, 20, after(30));
  EXPECT_EQ(listener.capture(30), captured(5, 200, 20, 5));
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
  listener.capture(2);
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
    EXPECT_EQ(listener.capture(25), captured(1, 100, 20, 4))
        << "the tail is captured after the writer left";
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

}  // namespace
}  // namespace dmasim
