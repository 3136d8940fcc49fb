// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/mixer_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/card/mixer_view.h"
#include "tests/unit/runtime_directory.h"

namespace dmasim {
namespace {

class MixerFiles : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return runtime_.files() / "card.mixer"; }
  static MixerFile create() {
    auto file = MixerFile::create("card");
    EXPECT_TRUE(file) << file.error();
    return *std::move(file);
  }
  static uint32_t value_of(size_t cell) { return read_mixer("card").settings[cell].value; }

  const RuntimeDirectory runtime_;
};

TEST_F(MixerFiles, AreMadeByCreateAlone) {
  EXPECT_EQ(MixerFile::open("card").error(), ENOENT);
  EXPECT_EQ(read_mixer("card").sequence, 0U);
  EXPECT_FALSE(std::filesystem::exists(path()));
  const MixerFile file = create();
  EXPECT_TRUE(std::filesystem::exists(path()));
  struct stat status {};
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_TRUE(MixerFile::open("card"));
}

TEST_F(MixerFiles, KeepWhatIsSetWhenAllHaveLeft) {
  ASSERT_TRUE(*create().set(kPlaybackSwitch, 0));
  EXPECT_EQ(value_of(kPlaybackSwitch), 0U);
  EXPECT_EQ(MixerFile::open("card")->load().settings[kPlaybackSwitch].value, 0U);
}

TEST_F(MixerFiles, AreNotWrittenWhereNothingChanges) {
  MixerFile file = create();
  EXPECT_FALSE(*file.set(kPlaybackSwitch, 1));
  EXPECT_EQ(std::filesystem::file_size(path()), 0U);
  EXPECT_TRUE(*file.set(kPlaybackSwitch, 0));
  const auto before = file.load();
  EXPECT_FALSE(*file.set(kPlaybackSwitch, 0));
  EXPECT_EQ(file.load().sequence, before.sequence);
}

TEST_F(MixerFiles, CountTheChangesOfEachSetting) {
  MixerFile file = create();
  ASSERT_TRUE(*file.set(kPlaybackSwitch, 0));
  ASSERT_TRUE(*file.set(kPlaybackSwitch, 1));
  EXPECT_EQ(file.load().settings[kPlaybackSwitch].changes, 2U);
  EXPECT_EQ(file.load().settings[kCaptureSwitch].changes, 0U);
}

TEST_F(MixerFiles, AreReadAgainOnlyWhenTheyHaveChanged) {
  MixerFile writer = create();
  auto reader = MixerFile::open("card");
  EXPECT_TRUE(reader->load_if_changed());
  EXPECT_FALSE(reader->load_if_changed());
  ASSERT_TRUE(*writer.set(kCaptureSwitch, 0));
  const auto record = reader->load_if_changed();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->settings[kCaptureSwitch].value, 0U);
  EXPECT_FALSE(reader->load_if_changed());
}

TEST_F(MixerFiles, AreDefaultsWhenTheyAreRubbishAndCanBeSetThen) {
  create();
  std::ofstream(path()) << std::string(3 * sizeof(MixerRecord), 'x');
  MixerFile file = create();
  EXPECT_EQ(file.load().sequence, 0U);
  EXPECT_TRUE(*file.set(kPlaybackSwitch, 0));
  EXPECT_EQ(value_of(kPlaybackSwitch), 0U);
  std::filesystem::resize_file(path(), 0);
  EXPECT_EQ(value_of(kPlaybackSwitch), 1U);
}

TEST_F(MixerFiles, OutliveATornWrite) {
  MixerFile file = create();
  ASSERT_TRUE(*file.set(kPlaybackSwitch, 0));
  ASSERT_TRUE(*file.set(kCaptureSwitch, 0));
  const uint64_t newest = file.load().sequence;
  std::fstream torn(path(), std::ios::in | std::ios::out | std::ios::binary);
  torn.seekp(static_cast<std::streamoff>(newest % kSlots * MixerRecord::kSlotBytes + 64));
  torn << "torn";
  torn.close();
  EXPECT_EQ(file.load().sequence, newest - 1);
  EXPECT_EQ(value_of(kPlaybackSwitch), 0U);
  EXPECT_TRUE(*file.set(kCaptureSwitch, 0));
  EXPECT_EQ(value_of(kCaptureSwitch), 0U);
}

/// A valid record may have any number. The records that are written after it are read.
TEST_F(MixerFiles, CanBeSetAfterAnyRecord) {
  MixerFile file = create();
  for (const uint64_t sequence :
       {uint64_t{0}, (uint64_t{1} << 62) - 1, uint64_t{1} << 62, (uint64_t{1} << 63) - 1,
        uint64_t{1} << 63, UINT64_MAX - 1, UINT64_MAX}) {
    MixerRecord record = MixerRecord::defaults();
    record.sequence = sequence;
    seal(record);
    std::filesystem::resize_file(path(), 0);
    std::ofstream(path(), std::ios::binary)
        .write(reinterpret_cast<const char*>(&record), sizeof record);
    for (const uint32_t value : {0U, 1U, 0U, 1U, 0U}) {
      ASSERT_TRUE(*file.set(kPlaybackSwitch, value)) << sequence;
      ASSERT_EQ(value_of(kPlaybackSwitch), value) << sequence;
    }
    EXPECT_EQ(file.load().settings[kPlaybackSwitch].changes, 5U) << sequence;
  }
}

TEST_F(MixerFiles, AreRefusedWhenOthersCanReachThem) {
  create();
  std::filesystem::permissions(path(), std::filesystem::perms{0644});
  EXPECT_EQ(MixerFile::open("card").error(), EACCES);
  std::filesystem::remove(path());
  std::filesystem::create_symlink("/dev/null", path());
  EXPECT_EQ(MixerFile::create("card").error(), EACCES);
  std::filesystem::remove(path());
  ASSERT_EQ(mkfifo(path().c_str(), 0600), 0);
  EXPECT_EQ(MixerFile::create("card").error(), EACCES);
  EXPECT_EQ(read_mixer("card").sequence, 0U);
}

TEST_F(MixerFiles, HaveNamesLikeCables) {
  EXPECT_EQ(MixerFile::create("../card").error(), EINVAL);
  EXPECT_EQ(MixerFile::create("").error(), EINVAL);
}

/// A subscriber of the mixer needs this.
TEST_F(MixerFiles, NotifyAWatchBeforeTheWriteReturns) {
  MixerFile file = create();
  const UniqueFd watch(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(inotify_add_watch(watch.get(), path().c_str(), IN_MODIFY | IN_ATTRIB), 0);
  const auto notified = [&]() -> uint32_t {
    pollfd ready{.fd = watch.get(), .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 0) != 1) return 0;
    inotify_event event{};
    EXPECT_EQ(read(watch.get(), &event, sizeof event), ssize_t{sizeof event});
    return event.mask;
  };
  ASSERT_TRUE(*file.set(kPlaybackSwitch, 0));
  EXPECT_EQ(notified(), uint32_t{IN_MODIFY});
  ASSERT_FALSE(*file.set(kPlaybackSwitch, 0));
  EXPECT_EQ(notified(), 0U);
  file.notify_stream();
  EXPECT_EQ(notified(), uint32_t{IN_ATTRIB});
}

TEST_F(MixerFiles, LoseNoWriteOfTwoThatMeet) {
  constexpr unsigned kWrites = 500;
  const auto write = [](size_t cell) {
    MixerFile file = create();
    for (uint32_t i = 1; i <= kWrites; ++i) EXPECT_TRUE(*file.set(cell, i % 2));
  };
  std::thread other(write, notify_cell(1, 1));
  write(notify_cell(0, 0));
  other.join();
  const MixerRecord record = read_mixer("card");
  EXPECT_EQ(record.settings[notify_cell(0, 0)].changes, kWrites);
  EXPECT_EQ(record.settings[notify_cell(1, 1)].changes, kWrites);
  EXPECT_EQ(record.sequence, 2 * kWrites);
}

TEST_F(MixerFiles, AreThereForTheNextOneWhenAWriterIsKilled) {
  const MixerFile reader = create();
  for (int turn = 0; turn < 20; ++turn) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      MixerFile file = create();
      for (uint32_t i = 0;; ++i) static_cast<void>(file.set(kPlaybackSwitch, i % 2));
    }
    const uint64_t sequence = reader.load().sequence;
    while (reader.load().sequence < sequence + 50) sched_yield();
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    const MixerRecord left = reader.load();
    ASSERT_GT(left.sequence, sequence);
    ASSERT_TRUE(create().set(kPlaybackSwitch, 1 - left.settings[kPlaybackSwitch].value));
    ASSERT_GT(reader.load().sequence, left.sequence);
  }
}

class MixerViews : public MixerFiles {
 protected:
  static constexpr int64_t kMs = 1'000'000;
  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(1'000'000'000);
  MixerView view_{"card", clock_};
};

TEST_F(MixerViews, MakeNoFile) {
  view_.begin();
  clock_->advance_ns(100 * kMs);
  EXPECT_FALSE(view_.look());
  view_.notify_stream();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(MixerViews, KnowFromTheBeginningWhatWasSet) {
  ASSERT_TRUE(*create().set(kPlaybackSwitch, 0));
  view_.begin();
  EXPECT_EQ(view_.record().settings[kPlaybackSwitch].value, 0U);
  EXPECT_FALSE(view_.look());
}

TEST_F(MixerViews, FindAFileThatComesLater) {
  view_.begin();
  clock_->advance_ns(2 * kMs);
  EXPECT_FALSE(view_.look());
  ASSERT_TRUE(*create().set(kPlaybackSwitch, 0));
  clock_->advance_ns(100 * kMs);
  EXPECT_TRUE(view_.look());
  EXPECT_EQ(view_.record().settings[kPlaybackSwitch].value, 0U);
}

/// If no program of the user has opened the mixer, there is no file.
TEST_F(MixerViews, LookLessOftenForAFileThatIsNotThere) {
  view_.begin();
  clock_->advance_ns(kMs);
  EXPECT_FALSE(view_.look());
  ASSERT_TRUE(*create().set(kPlaybackSwitch, 0));
  clock_->advance_ns(98 * kMs);
  EXPECT_FALSE(view_.look());
  clock_->advance_ns(2 * kMs);
  EXPECT_TRUE(view_.look());
}

TEST_F(MixerViews, BeginAtTheDefaultsWhereTheFileWasRemoved) {
  MixerFile removed = create();
  ASSERT_TRUE(*removed.set(kPlaybackSwitch, 0));
  view_.begin();
  EXPECT_EQ(view_.record().settings[kPlaybackSwitch].value, 0U);
  std::filesystem::remove(path());
  view_.begin();
  EXPECT_EQ(view_.record().settings[kPlaybackSwitch].value, 1U);
  ASSERT_TRUE(*removed.set(kCaptureSwitch, 0));
  clock_->advance_ns(200 * kMs);
  EXPECT_FALSE(view_.look()) << "nobody's mixer any more";
}

TEST_F(MixerViews, LookOnceAMillisecond) {
  MixerFile file = create();
  view_.begin();
  ASSERT_TRUE(*file.set(kPlaybackSwitch, 0));
  EXPECT_FALSE(view_.look());
  clock_->advance_ns(kMs);
  EXPECT_TRUE(view_.look());
  ASSERT_TRUE(*file.set(kPlaybackSwitch, 1));
  EXPECT_FALSE(view_.look());
  clock_->advance_ns(kMs);
  EXPECT_TRUE(view_.look());
  EXPECT_EQ(view_.record().settings[kPlaybackSwitch].value, 1U);
}

TEST_F(MixerViews, BeginAnewWhereTheDirectoryWasRemoved) {
  ASSERT_TRUE(*create().set(kPlaybackSwitch, 0));
  view_.begin();
  std::filesystem::remove_all(runtime_.path() / "dmasim");
  ASSERT_TRUE(*create().set(kCaptureSwitch, 0));
  view_.begin();
  EXPECT_EQ(view_.record().settings[kPlaybackSwitch].value, 1U);
  EXPECT_EQ(view_.record().settings[kCaptureSwitch].value, 0U);
}

}  // namespace
}  // namespace dmasim
