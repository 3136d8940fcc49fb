// SPDX-License-Identifier: LGPL-2.1-or-later
/// A subdevice that a module of another format owns: an older one, which locks a file for each
/// subdevice, or a newer one, which has a lock file in another directory.
#include "engine/card/other_formats.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <cerrno>
#include <optional>

#include "engine/base/ofd_lock.h"
#include "engine/card/subdevice.h"
#include "tests/unit/runtime_directory.h"

namespace dmasim {
namespace {

class OtherFormats : public ::testing::Test {
 protected:
  OtherFormats() { directory_.make_files(); }

  [[nodiscard]] std::string path(const std::string& name) const {
    return directory_.path() / "dmasim" / name;
  }
  UniqueFd make(const std::string& name) const {
    return UniqueFd(open(path(name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  }
  /// What a module before format 2 holds while a PCM is open.
  UniqueFd own_before_format_2(const std::string& name) const {
    UniqueFd fd = make(name);
    EXPECT_EQ(flock(fd.get(), LOCK_EX | LOCK_NB), 0);
    return fd;
  }
  /// What a module of another format holds while a PCM is open.
  UniqueFd own(const std::string& format, off_t index) const {
    std::filesystem::create_directory(path(format));
    UniqueFd fd = make(format + "/test.lock");
    EXPECT_TRUE(set_ofd_lock(fd.get(), F_WRLCK, index, index + 1));
    return fd;
  }
  static int error_of(const PcmDevice& device, unsigned number) {
    return Subdevice::acquire(device, number).error();
  }

  const RuntimeDirectory directory_;
  const PcmDevice playback_{.card = "test"};
  const PcmDevice loop_capture_{.card = "test", .number = 2, .loop = true, .playback = false};
};

TEST_F(OtherFormats, AnOlderOwnersSubdeviceIsBusy) {
  auto owner = std::optional(own_before_format_2("test.0.3.playback"));
  EXPECT_EQ(error_of(playback_, 3), EBUSY);
  EXPECT_EQ(subdevice_lock_of_another_format(playback_, 3), path("test.0.3.playback"));
  EXPECT_EQ(error_of(playback_, 2), 0);
  EXPECT_EQ(subdevice_lock_of_another_format(playback_, 2), "");
  EXPECT_EQ(error_of({.card = "test", .playback = false}, 3), 0);
  EXPECT_EQ(error_of({.card = "other"}, 3), 0);
  owner.reset();
  EXPECT_EQ(error_of(playback_, 3), 0) << "a file without a lock is what a killed one left";
  EXPECT_EQ(subdevice_lock_of_another_format(playback_, 3), "");
}

TEST_F(OtherFormats, AnOlderOwnersLoopIsBusy) {
  const auto owner = own_before_format_2("test.2.1.loop-capture");
  EXPECT_EQ(error_of(loop_capture_, 1), EBUSY);
}

TEST_F(OtherFormats, ALookAtAnOlderFileLeavesNoLock) {
  const auto file = make("test.0.0.playback");
  const auto mine = Subdevice::acquire(playback_, 0);
  ASSERT_TRUE(mine);
  EXPECT_EQ(flock(file.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(OtherFormats, ANewerOwnersSubdeviceIsBusy) {
  for (const char* format : {"4", "1", "12"}) {
    auto owner = std::optional(own(format, *lock_index(loop_capture_, 5)));
    EXPECT_EQ(error_of(loop_capture_, 5), EBUSY) << format;
    EXPECT_EQ(subdevice_lock_of_another_format(loop_capture_, 5),
              path(format + std::string("/test.lock")));
    EXPECT_EQ(error_of(loop_capture_, 4), 0) << format;
    EXPECT_EQ(error_of(playback_, 5), 0) << format;
    owner.reset();
    EXPECT_EQ(error_of(loop_capture_, 5), 0) << format;
  }
}

TEST_F(OtherFormats, ADirectoryThatIsNoNumberIsNoFormat) {
  const auto owner = own("4x", 0);
  EXPECT_EQ(error_of(playback_, 0), 0);
}

TEST_F(OtherFormats, AnyIsTheFirstThatNobodyOwns) {
  const auto older = own_before_format_2("test.0.0.playback");
  const auto newer = own("4", 1);
  const auto mine = Subdevice::acquire_any(playback_, 8);
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine->number(), 2U);
  EXPECT_EQ(Subdevice::acquire_any(playback_, 3).error(), EBUSY);
}

/// It gives up its own lock, so the subdevice is free when the other owner has closed it.
TEST_F(OtherFormats, OneThatIsRefusedKeepsNoLock) {
  auto owner = std::optional(own("4", 0));
  const auto mine = Subdevice::acquire_any(playback_, 2);
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine->number(), 1U);
  owner.reset();
  EXPECT_EQ(error_of(playback_, 0), 0);
}

}  // namespace
}  // namespace dmasim
