// SPDX-License-Identifier: LGPL-2.1-or-later
/// Sink::look answers what configure() would answer, and takes nothing.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/device/sink.h"
#include "engine/recording/file_pattern.h"
#include "engine/recording/file_sink.h"
#include "tests/unit/pcm/sample_formats.h"
#include "tests/unit/unprivileged.h"

namespace dmasim {
namespace {

constexpr PcmFormat kStereo{SampleFormat::s16_le, 2, 48000};
constexpr PcmFormat kMono{SampleFormat::s16_le, 1, 48000};
constexpr uint64_t kBurst = 4096;

class SinkLook : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ / name; }
  [[nodiscard]] std::unique_ptr<Sink> sink(const std::string& name, bool append = false) const {
    auto made = make_file_sink(path(name).c_str(), {.append = append});
    EXPECT_TRUE(made) << std::strerror(made.error());
    return *std::move(made);
  }
  [[nodiscard]] std::unique_ptr<Sink> owner(const std::string& name,
                                            const PcmFormat& format = kStereo) const {
    auto made = sink(name);
    EXPECT_TRUE(made->configure(format, kBurst));
    EXPECT_TRUE(made->flush());
    return made;
  }
  static int look(const std::unique_ptr<Sink>& sink, const PcmFormat& format = kStereo) {
    return sink->look(format).error();
  }
  /// /proc/locks may be missing, or may show the processes of another PID namespace.
  [[nodiscard]] bool owners_are_known() const {
    const auto owned = owner("known.raw");
    return file_lock_owner(path("known.raw").c_str()) != 0;
  }

  const TemporaryDirectory directory_;
};

TEST_F(SinkLook, MakesNoFile) {
  const auto file = sink("a.wav");
  const auto growing = sink("b.wav", true);
  EXPECT_EQ(look(file), 0);
  EXPECT_EQ(look(growing), 0);
  EXPECT_TRUE(std::filesystem::is_empty(path("")));
}

TEST_F(SinkLook, LeavesTheFileToWhoComesFirst) {
  std::ofstream(path("a.wav")) << "old";
  const auto looking = sink("a.wav");
  const auto coming = sink("a.wav");
  EXPECT_EQ(look(looking), 0);
  EXPECT_EQ(std::filesystem::file_size(path("a.wav")), 3U);
  EXPECT_EQ(coming->configure(kStereo, kBurst).error(), 0);
  EXPECT_EQ(looking->configure(kStereo, kBurst).error(), EBUSY);
}

TEST_F(SinkLook, ReportsThatAnotherStreamHasTheFile) {
  if (!owners_are_known()) GTEST_SKIP() << "the system does not say who has a lock";
  auto first = owner("a.wav");
  const auto second = sink("a.wav");
  EXPECT_EQ(look(second), EBUSY);
  first.reset();
  EXPECT_EQ(look(second), 0);
  EXPECT_EQ(second->configure(kStereo, kBurst).error(), 0);
}

TEST_F(SinkLook, ExplainsWhoHasTheFileAndWhatIsAccepted) {
  auto first = owner("a.wav");
  const auto second = sink("a.wav");
  EXPECT_EQ(second->configure(kStereo, kBurst).error(), EBUSY);
  const std::string text = second->explain();
  EXPECT_NE(text.find("file = \"" + path("a.wav") + "\" is in use by "), std::string::npos) << text;
  if (owners_are_known()) {
    EXPECT_NE(text.find("process " + std::to_string(getpid())), std::string::npos) << text;
  }
  first.reset();
  EXPECT_TRUE(second->configure(kStereo, kBurst));
  EXPECT_EQ(second->explain(), "") << "the newest try has succeeded";
}

TEST_F(SinkLook, ExplainsWhichFileCannotBeWritten) {
  ASSERT_TRUE(std::filesystem::create_directory(path("gone")));
  const auto file = sink("gone/a.wav");
  ASSERT_TRUE(std::filesystem::remove(path("gone")));
  EXPECT_EQ(look(file), ENOENT);
  const std::string text = file->explain();
  EXPECT_NE(text.find(path("gone/a.wav")), std::string::npos) << text;
  EXPECT_NE(text.find("accepted: a file that can be written"), std::string::npos) << text;
  EXPECT_NE(text.find(std::strerror(ENOENT)), std::string::npos) << text;
}

TEST_F(SinkLook, FindsItsOwnFileFree) {
  const auto file = owner("a.wav");
  EXPECT_EQ(look(file), 0);
  EXPECT_EQ(look(file, kMono), 0) << "that would be a.1.wav";
  EXPECT_FALSE(std::filesystem::exists(path("a.1.wav")));
  EXPECT_EQ(file->configure(kMono, kBurst).error(), 0);
  EXPECT_EQ(look(file, kMono), 0);
  EXPECT_EQ(look(file), 0) << "a.2.wav";
}

TEST_F(SinkLook, SeesWhichFileWouldGrow) {
  if (!owners_are_known()) GTEST_SKIP() << "the system does not say who has a lock";
  static_cast<void>(owner("a.wav", kMono));
  const auto next = owner("a.1.wav");
  const auto growing = sink("a.wav", true);
  EXPECT_EQ(look(growing, kMono), 0);
  EXPECT_EQ(look(growing), EBUSY) << "a.wav has another format, and a.1.wav is in use";
}

TEST_F(SinkLook, SeesWhatHasChangedSinceTheOpen) {
  ASSERT_TRUE(std::filesystem::create_directory(path("gone")));
  const auto file = sink("gone/a.wav");
  const auto counted = make_file_sink(*FilePattern::parse(path("gone/%n.wav"), {}), {});
  ASSERT_TRUE(counted);
  EXPECT_EQ(look(file), 0);
  EXPECT_EQ(look(*counted), 0);
  ASSERT_TRUE(std::filesystem::remove(path("gone")));
  EXPECT_EQ(look(file), ENOENT);
  EXPECT_EQ(look(*counted), ENOENT);
  ASSERT_TRUE(std::filesystem::create_directories(path("gone/a.wav")));
  EXPECT_EQ(look(file), EISDIR);
  ASSERT_TRUE(std::filesystem::remove(path("gone/a.wav")));
  ASSERT_EQ(mkfifo(path("gone/a.wav").c_str(), 0600), 0);
  EXPECT_EQ(look(file), EINVAL);
}

TEST_F(SinkLook, SeesWhatIsNotAllowedAnyMore) {
  if (!unprivileged_has_files()) GTEST_SKIP() << "only root can use files here";
  std::ofstream(path("theirs.wav")) << "";
  ASSERT_EQ(chmod(path("").c_str(), 0777), 0);
  ASSERT_EQ(chmod(path("theirs.wav").c_str(), 0666), 0);
  const auto file = sink("theirs.wav");
  const auto fresh = sink("new.wav");
  {
    const Unprivileged somebody;
    EXPECT_EQ(look(file), 0);
    EXPECT_EQ(look(fresh), 0);
  }
  ASSERT_EQ(chmod(path("").c_str(), 0555), 0);
  ASSERT_EQ(chmod(path("theirs.wav").c_str(), 0444), 0);
  {
    const Unprivileged somebody;
    EXPECT_EQ(look(file), EACCES);
    EXPECT_EQ(look(fresh), EACCES);
  }
  EXPECT_EQ(chmod(path("").c_str(), 0700), 0);  // so that the test can remove it
}

TEST_F(SinkLook, SeesWhetherADeviceIsStillThere) {
  ASSERT_EQ(symlink("/dev/null", path("null.raw").c_str()), 0);
  const auto device = sink("null.raw");
  EXPECT_EQ(look(device), 0);
  ASSERT_TRUE(std::filesystem::remove(path("null.raw")));
  EXPECT_EQ(look(device), ENOENT);
  std::ofstream(path("null.raw")) << "";
  EXPECT_EQ(look(device), EINVAL);
}

TEST_F(SinkLook, RefusesAFormatThatTheFileCannotHold) {
  const auto file = sink("a.flac");
  EXPECT_EQ(look(file, {SampleFormat::float_le, 2, 48000}), EINVAL);
  EXPECT_EQ(look(file), 0);
}

TEST(NullSink, HasNothingToLookAt) { EXPECT_TRUE(make_null_sink()->look(kStereo)); }

/// The hook that logs a failure reads the text when look() is over, and another thread may look by
/// then. The thread sanitizer watches.
TEST_F(SinkLook, MayBeExplainedWhileAnotherThreadLooks) {
  const auto used = owner("used.raw");
  const auto refused = sink("used.raw");
  ASSERT_EQ(look(refused), EBUSY);
  const std::string whole = refused->explain();
  std::thread looker([&] {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(look(refused), EBUSY);
  });
  for (int i = 0; i < 100; ++i) {
    const std::string text = refused->explain();
    EXPECT_TRUE(text.empty() || text == whole) << text;
  }
  looker.join();
  EXPECT_EQ(refused->explain(), whole);
}

}  // namespace
}  // namespace dmasim
