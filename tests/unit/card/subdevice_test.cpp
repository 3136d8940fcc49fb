// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which process owns a subdevice, what other processes leave in a lock file, and which files they
/// may put in its place.
#include "engine/card/subdevice.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

#include "tests/unit/cable/cable_fixture.h"

namespace dmasim {
namespace {

class SubdeviceTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path lock_file() const { return directory_.files() / "test.lock"; }
  /// Writes into the owner's slot of subdevice 0.
  void write_slot(const std::string& text) const {
    std::fstream(lock_file()).write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  /// Where the kernel does not show the locks of a process, no owner can be seen.
  [[nodiscard]] static bool owners_are_known() {
    const PcmDevice device{.card = "known"};
    const auto acquired = Subdevice::acquire(device, 0);
    return subdevice_owner(device, 0) != 0;
  }

  RuntimeDirectory directory_;
  const PcmDevice device_{.card = "test", .number = 0, .loop = false, .playback = true};
};

TEST_F(SubdeviceTest, HasOneOwnerAtATime) {
  {
    const auto first = Subdevice::acquire(device_, 3);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->number(), 3U);
    EXPECT_EQ(Subdevice::acquire(device_, 3).error(), EBUSY);
    EXPECT_TRUE(Subdevice::acquire(device_, 2));
  }
  EXPECT_TRUE(Subdevice::acquire(device_, 3));
}

/// Locks of one open file description do not exclude each other.
TEST_F(SubdeviceTest, TwoOfOneProcessShareNoDescription) {
  const auto first = Subdevice::acquire(device_, 0);
  {
    const auto second = Subdevice::acquire(device_, 1);
    ASSERT_TRUE(first && second);
  }
  EXPECT_EQ(Subdevice::acquire(device_, 0).error(), EBUSY) << "the second frees its own alone";
  EXPECT_TRUE(Subdevice::acquire(device_, 1));
}

TEST_F(SubdeviceTest, ALockHasTheByteOfItsIndexInEveryFormat) {
  PcmDevice device = device_;
  EXPECT_EQ(lock_index(device, 5), 5);
  device.playback = false;
  EXPECT_EQ(lock_index(device, 5), 128 + 5);
  device.number = 3;
  EXPECT_EQ(lock_index(device, 5), 3 * 256 + 128 + 5);
  device.loop = true;
  EXPECT_EQ(lock_index(device, 5), 32 * 256 + 3 * 256 + 128 + 5);
  device.number = 31;
  EXPECT_EQ(lock_index(device, 127), kLockFileBytes / kOwnerSlotBytes - 1);
}

/// If the close removed it, a process that is opening it just then would lock a file that nobody
/// else finds.
TEST_F(SubdeviceTest, TheLockFileStays) {
  struct stat before {};
  struct stat after {};
  ASSERT_TRUE(Subdevice::acquire(device_, 0));
  ASSERT_EQ(stat(lock_file().c_str(), &before), 0);
  ASSERT_TRUE(Subdevice::acquire(device_, 0));
  ASSERT_EQ(stat(lock_file().c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

/// A new child has copies of all descriptors until its fork handlers run. This child runs none.
TEST_F(SubdeviceTest, IsFreeWhileAChildHasACopyOfTheDescriptor) {
  auto first = std::optional(*Subdevice::acquire(device_, 0));
  const auto child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0));
  if (child == 0) {
    for (;;) pause();
  }
  ASSERT_GT(child, 0);
  first.reset();
  EXPECT_TRUE(Subdevice::acquire(device_, 0));
  EXPECT_EQ(kill(child, SIGKILL), 0);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
}

TEST_F(SubdeviceTest, NumbersThatNoCardHasAreRefused) {
  EXPECT_EQ(Subdevice::acquire(device_, 128).error(), EINVAL);
  PcmDevice device = device_;
  device.number = 32;
  EXPECT_EQ(Subdevice::acquire(device, 0).error(), EINVAL);
  EXPECT_EQ(subdevice_owner(device, 0), 0);
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
    auto acquired = Subdevice::acquire(device, 0);
    ASSERT_TRUE(acquired);
    all.push_back(*std::move(acquired));
  }
}

TEST_F(SubdeviceTest, AnyIsTheFirstThatIsFree) {
  auto first = std::optional(*Subdevice::acquire_any(device_, 3));
  const auto second = Subdevice::acquire_any(device_, 3);
  const auto third = Subdevice::acquire_any(device_, 3);
  ASSERT_TRUE(second && third);
  EXPECT_EQ(first->number(), 0U);
  EXPECT_EQ(second->number(), 1U);
  EXPECT_EQ(third->number(), 2U);
  EXPECT_EQ(Subdevice::acquire_any(device_, 3).error(), EBUSY);
  first.reset();
  const auto again = Subdevice::acquire_any(device_, 3);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->number(), 0U);
}

TEST_F(SubdeviceTest, HasAnOwnerThatOthersCanSee) {
  if (!owners_are_known()) GTEST_SKIP() << "the system does not say who has a lock";
  EXPECT_EQ(subdevice_owner(device_, 0), 0);
  {
    const auto acquired = Subdevice::acquire(device_, 0);
    EXPECT_EQ(subdevice_owner(device_, 0), getpid());
    EXPECT_EQ(subdevice_owner(device_, 1), 0);
  }
  EXPECT_EQ(subdevice_owner(device_, 0), 0) << "its number is still in the file";
}

TEST_F(SubdeviceTest, WhatItsOwnerBeforeHasWrittenIsReplaced) {
  ASSERT_TRUE(Subdevice::acquire(device_, 0));  // makes the file
  write_slot("99999999999999999999 and more");
  EXPECT_EQ(subdevice_owner(device_, 0), 0) << "a number that is none";
  const auto acquired = Subdevice::acquire(device_, 0);
  ASSERT_TRUE(acquired);
  std::string text;
  std::ifstream(lock_file()) >> text;
  EXPECT_EQ(text, std::to_string(getpid()));
}

/// In another PID namespace the owner's number is another process's.
TEST_F(SubdeviceTest, AProcessThatDoesNotHoldTheLockIsNotNamed) {
  const auto acquired = Subdevice::acquire(device_, 0);
  ASSERT_TRUE(acquired);
  for (const std::string& text :
       {std::to_string(getppid()), std::string("1"), std::string("0"), std::string("-1"),
        std::string("4194304"), std::string("x"), std::string(16, '\n')}) {
    write_slot(text + "\n");
    EXPECT_EQ(subdevice_owner(device_, 0), 0) << text;
  }
}

/// This process has a lock, but not the one of subdevice 0.
TEST_F(SubdeviceTest, AnOwnerOfAnotherOneIsNotNamed) {
  const auto acquired = Subdevice::acquire(device_, 1);
  ASSERT_TRUE(acquired);
  write_slot(std::to_string(getpid()) + "\n");
  EXPECT_EQ(subdevice_owner(device_, 0), 0);
}

TEST_F(SubdeviceTest, WhatIsNotThisUsersAloneIsRefused) {
  ASSERT_TRUE(Subdevice::acquire(device_, 0));
  const auto refused = [&] {
    return Subdevice::acquire(device_, 0).error() == EACCES &&
           Subdevice::acquire_any(device_, 3).error() == EACCES && subdevice_owner(device_, 0) == 0;
  };
  ASSERT_EQ(chmod(lock_file().c_str(), 0644), 0);
  EXPECT_TRUE(refused()) << "open to others";
  std::filesystem::remove(lock_file());
  std::filesystem::create_symlink("elsewhere", lock_file());
  EXPECT_TRUE(refused()) << "a link";
  EXPECT_FALSE(std::filesystem::exists(directory_.files() / "elsewhere"));
  std::filesystem::remove(lock_file());
  ASSERT_EQ(mkfifo(lock_file().c_str(), 0600), 0);
  EXPECT_TRUE(refused()) << "a FIFO";
  std::filesystem::remove(lock_file());
  std::filesystem::create_directory(lock_file());
  EXPECT_TRUE(refused()) << "a directory";
  std::filesystem::remove(lock_file());
  EXPECT_TRUE(Subdevice::acquire(device_, 0));
  std::filesystem::resize_file(lock_file(), kLockFileBytes + 1);
  EXPECT_TRUE(refused()) << "longer than any lock file";
  std::filesystem::resize_file(lock_file(), kLockFileBytes);
  EXPECT_TRUE(Subdevice::acquire(device_, 0));
}

TEST_F(SubdeviceTest, NeedsADirectory) {
  std::ofstream(directory_.path() / "dmasim") << "no directory";
  EXPECT_EQ(Subdevice::acquire(device_, 0).error(), EACCES);
  EXPECT_EQ(Subdevice::acquire_any(device_, 8).error(), EACCES);
}

/// Counts owners at the same time, in threads and processes.
struct Witness {
  std::atomic<int> inside{0};
  std::atomic<int> acquired{0};
  std::atomic<int> together{0};
};

void acquire_and_let_go(const PcmDevice& device, Witness& witness) {
  for (int turn = 0; turn < 2000; ++turn) {
    const auto acquired = Subdevice::acquire(device, 0);
    if (!acquired) continue;
    if (witness.inside.fetch_add(1) != 0) ++witness.together;
    ++witness.acquired;
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
    acquire_and_let_go(device_, witness);
    _exit(0);
  }
  {
    const std::jthread other([&] { acquire_and_let_go(device_, witness); });
    acquire_and_let_go(device_, witness);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(witness.together, 0);
  EXPECT_GT(witness.acquired, 100);
  munmap(shared, sizeof(Witness));
}

/// The owner is killed. Its child lives on, and does not keep the subdevice.
TEST_F(SubdeviceTest, AnOwnersChildDoesNotKeepIt) {
  int ready[2];
  int hold[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(hold), 0);
  const pid_t owner = fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    close(hold[1]);
    const auto acquired = Subdevice::acquire(device_, 0);
    char byte = acquired ? 'x' : '-';
    const bool grandchild = fork() == 0;
    if (grandchild) [[maybe_unused]]
      const ssize_t said = write(ready[1], &byte, 1);
    [[maybe_unused]] const ssize_t ended = read(hold[0], &byte, 1);  // waits for the test's end
    _exit(0);
  }
  close(hold[0]);
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
  EXPECT_EQ(Subdevice::acquire(device_, 0).error(), EBUSY);
  EXPECT_EQ(subdevice_owner(device_, 0), owners_are_known() ? owner : 0);
  ASSERT_EQ(kill(owner, SIGKILL), 0);
  ASSERT_EQ(waitpid(owner, nullptr, 0), owner);
  EXPECT_TRUE(Subdevice::acquire(device_, 0));
  for (const int fd : {ready[0], ready[1], hold[1]}) close(fd);
}

}  // namespace
}  // namespace dmasim
