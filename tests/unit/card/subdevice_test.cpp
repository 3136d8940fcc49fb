// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which process owns a subdevice, which files other processes leave behind, and which files they
/// may put there.
#include "engine/card/subdevice.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <optional>
#include <thread>

#include "tests/unit/cable/cable_fixture.h"

namespace dmasim {
namespace {

class SubdeviceTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(const std::string& name) const {
    return directory_.files() / name;
  }
  [[nodiscard]] bool nothing_left() const { return std::filesystem::is_empty(directory_.files()); }

  RuntimeDirectory directory_;
  const PcmDevice device_{.card = "test", .number = 0, .loop = false, .playback = true};
};

TEST_F(SubdeviceTest, HasOneOwnerAtATime) {
  {
    const auto first = Subdevice::take(device_, 3);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->number(), 3U);
    EXPECT_EQ(Subdevice::take(device_, 3).error(), EBUSY);
    EXPECT_TRUE(Subdevice::take(device_, 2));
  }
  EXPECT_TRUE(Subdevice::take(device_, 3));
  EXPECT_TRUE(nothing_left());
}

TEST_F(SubdeviceTest, IsApartInDirectionDeviceCardAndLoop) {
  PcmDevice capture = device_;
  capture.playback = false;
  PcmDevice loop = device_;
  loop.loop = true;
  PcmDevice second = device_;
  second.number = 1;
  PcmDevice other = device_;
  other.card = "other";
  std::vector<Subdevice> all;
  for (const PcmDevice& device : {device_, capture, loop, second, other}) {
    auto taken = Subdevice::take(device, 0);
    ASSERT_TRUE(taken);
    all.push_back(*std::move(taken));
  }
}

TEST_F(SubdeviceTest, AnyIsTheFirstThatIsFree) {
  auto first = std::optional(*Subdevice::take_any(device_, 3));
  const auto second = Subdevice::take_any(device_, 3);
  const auto third = Subdevice::take_any(device_, 3);
  ASSERT_TRUE(second && third);
  EXPECT_EQ(first->number(), 0U);
  EXPECT_EQ(second->number(), 1U);
  EXPECT_EQ(third->number(), 2U);
  EXPECT_EQ(Subdevice::take_any(device_, 3).error(), EBUSY);
  first.reset();
  const auto again = Subdevice::take_any(device_, 3);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->number(), 0U);
}

TEST_F(SubdeviceTest, TellsItsOwner) {
  EXPECT_EQ(subdevice_owner(device_, 0), 0);
  const auto taken = Subdevice::take(device_, 0);
  EXPECT_EQ(subdevice_owner(device_, 0), getpid());
}

TEST_F(SubdeviceTest, WhatAKilledOwnerLeftIsTakenOver) {
  ASSERT_TRUE(Subdevice::take(device_, 0));  // makes the directory
  std::ofstream(path("test.0.0.playback")) << "99999999999999999999 and more";
  ASSERT_EQ(chmod(path("test.0.0.playback").c_str(), 0600), 0);
  EXPECT_EQ(subdevice_owner(device_, 0), 0) << "a number that is none";
  {
    const auto taken = Subdevice::take(device_, 0);
    ASSERT_TRUE(taken);
    EXPECT_EQ(subdevice_owner(device_, 0), getpid());
  }
  EXPECT_TRUE(nothing_left());
}

TEST_F(SubdeviceTest, OneWhoseFileWasRemovedTakesNobodyElsesAway) {
  auto first = std::optional(*Subdevice::take(device_, 0));
  ASSERT_TRUE(std::filesystem::remove(path("test.0.0.playback")));
  const auto second = Subdevice::take(device_, 0);
  ASSERT_TRUE(second);
  first.reset();
  EXPECT_TRUE(std::filesystem::exists(path("test.0.0.playback")));
  EXPECT_EQ(Subdevice::take(device_, 0).error(), EBUSY);
}

TEST_F(SubdeviceTest, WhatIsNotThisUsersAloneIsRefused) {
  ASSERT_TRUE(Subdevice::take(device_, 0));
  const std::filesystem::path name = path("test.0.0.playback");
  const auto refused = [&] { return Subdevice::take(device_, 0).error() == EACCES; };
  std::ofstream(name) << "1\n";
  ASSERT_EQ(chmod(name.c_str(), 0644), 0);
  EXPECT_TRUE(refused()) << "open to others";
  std::filesystem::remove(name);
  std::filesystem::create_symlink("elsewhere", name);
  EXPECT_TRUE(refused()) << "a link";
  EXPECT_EQ(subdevice_owner(device_, 0), 0);
  std::filesystem::remove(name);
  ASSERT_EQ(mkfifo(name.c_str(), 0600), 0);
  EXPECT_TRUE(refused()) << "a FIFO";
  std::filesystem::remove(name);
  EXPECT_TRUE(Subdevice::take(device_, 0));
}

TEST_F(SubdeviceTest, AnyPassesOverThoseThatCannotBeLocked) {
  ASSERT_TRUE(Subdevice::take(device_, 0));
  std::filesystem::create_directory(path("test.0.0.playback"));
  std::filesystem::create_symlink("elsewhere", path("test.0.1.playback"));
  {
    const auto third = Subdevice::take_any(device_, 3);
    ASSERT_TRUE(third);
    EXPECT_EQ(third->number(), 2U);
    EXPECT_EQ(Subdevice::take_any(device_, 3).error(), EACCES) << "none that is busy alone";
  }
  EXPECT_EQ(Subdevice::take_any(device_, 2).error(), EACCES);
}

TEST_F(SubdeviceTest, NeedsADirectory) {
  std::ofstream(directory_.path() / "dmasim") << "no directory";
  EXPECT_EQ(Subdevice::take(device_, 0).error(), EACCES);
  EXPECT_EQ(Subdevice::take_any(device_, 8).error(), EACCES);
}

/// Counts owners at the same time, in threads and processes.
struct Witness {
  std::atomic<int> inside{0};
  std::atomic<int> taken{0};
  std::atomic<int> together{0};
};

void take_and_let_go(const PcmDevice& device, Witness& witness) {
  for (int turn = 0; turn < 2000; ++turn) {
    const auto taken = Subdevice::take(device, 0);
    if (!taken) continue;
    if (witness.inside.fetch_add(1) != 0) ++witness.together;
    ++witness.taken;
    witness.inside.fetch_sub(1);
  }
}

TEST_F(SubdeviceTest, NeverHasTwoOwners) {
  void* shared =
      mmap(nullptr, sizeof(Witness), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  Witness& witness = *new (shared) Witness;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    take_and_let_go(device_, witness);
    _exit(0);
  }
  {
    const std::jthread other([&] { take_and_let_go(device_, witness); });
    take_and_let_go(device_, witness);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(witness.together, 0);
  EXPECT_GT(witness.taken, 100);
  EXPECT_TRUE(nothing_left());
  munmap(shared, sizeof(Witness));
}

/// The owner is killed. Its child lives on, and does not keep the subdevice.
TEST_F(SubdeviceTest, AnOwnersChildDoesNotKeepIt) {
  int told[2];
  int hold[2];
  ASSERT_EQ(pipe(told), 0);
  ASSERT_EQ(pipe(hold), 0);
  const pid_t owner = fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    close(hold[1]);
    const auto taken = Subdevice::take(device_, 0);
    char byte = taken ? 'x' : '-';
    const bool grandchild = fork() == 0;
    if (grandchild) [[maybe_unused]]
      const ssize_t said = write(told[1], &byte, 1);
    [[maybe_unused]] const ssize_t ended = read(hold[0], &byte, 1);  // waits for the test's end
    _exit(0);
  }
  close(hold[0]);
  char byte = 0;
  ASSERT_EQ(read(told[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
  EXPECT_EQ(Subdevice::take(device_, 0).error(), EBUSY);
  EXPECT_EQ(subdevice_owner(device_, 0), owner);
  ASSERT_EQ(kill(owner, SIGKILL), 0);
  ASSERT_EQ(waitpid(owner, nullptr, 0), owner);
  EXPECT_TRUE(Subdevice::take(device_, 0));
  for (const int fd : {told[0], told[1], hold[1]}) close(fd);
}

}  // namespace
}  // namespace dmasim
