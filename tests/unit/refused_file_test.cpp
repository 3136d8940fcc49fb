// SPDX-License-Identifier: LGPL-2.1-or-later
/// The system refuses a call on a file in the cables' directory, or on a recording. The error is
/// reported, nothing is kept, and the next try succeeds.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "engine/base/fork_closed_fd.h"
#include "engine/card/cable_directory.h"
#include "engine/card/mixer_file.h"
#include "engine/card/subdevice.h"
#include "tests/unit/error_while.h"
#include "tests/unit/runtime_directory.h"
#include "tests/unit/unprivileged.h"

namespace dmasim {
namespace {

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
};

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
