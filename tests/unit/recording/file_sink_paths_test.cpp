// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where a file sink can record: full disks, devices, paths that it refuses, and what a type of
/// file can hold.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "engine/base/unique_fd.h"
#include "tests/unit/pcm/sample_formats.h"
#include "tests/unit/recording/file_sink_setup.h"
#include "tests/unit/unprivileged.h"

namespace dmasim {
namespace {

int refusal(const std::string& path) { return make_file_sink(path.c_str(), {}).error(); }

TEST(FileSink, CountsEveryFrameAsLostOnAFullDisk) {
  const auto sink = make_sink("/dev/full");
  ASSERT_TRUE(sink->holds(kStereo)) << "a device is a WAV";
  ASSERT_TRUE(sink->configure(kStereo, kBurst));
  sink->write(random_samples(kStereo.sample, 2000), true);
  EXPECT_EQ(sink->flush().error(), EIO);
  EXPECT_EQ(sink->stats().written_frames, 1000U);
  EXPECT_EQ(sink->stats().lost_frames, 1000U);
  EXPECT_EQ(sink->stats().last_error, ENOSPC);
  const auto second = make_sink("/dev/full");
  EXPECT_TRUE(second->configure(kStereo, kBurst)) << "devices are nobody's own";
}

TEST(FileSink, CountsEveryFrameAsLostOnAFullDiskOfEachType) {
  for (const char* name : {"full.w64", "full.flac", "full.raw"}) {
    SCOPED_TRACE(name);
    const TemporaryDirectory directory;
    ASSERT_EQ(symlink("/dev/full", (directory / name).c_str()), 0);
    const auto sink = make_sink(directory / name);
    ASSERT_TRUE(sink->configure(kStereo, kBurst));
    for (int i = 0; i < 10; ++i) sink->write(random_samples(kStereo.sample, 2000), true);
    EXPECT_EQ(sink->flush().error(), EIO);
    EXPECT_EQ(sink->stats().lost_frames, 10'000U);
    EXPECT_EQ(sink->stats().last_error, ENOSPC);
  }
}

TEST(FileSink, RecordsIntoADevice) {
  const auto sink = make_sink("/dev/null");
  ASSERT_TRUE(sink->configure(kStereo, kBurst));
  sink->write(random_samples(kStereo.sample, 2000), true);
  EXPECT_TRUE(sink->flush());
  EXPECT_EQ(sink->stats().lost_frames, 0U);
}

UniqueFd bound_socket(const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

TEST(FileSink, RefusesPathsThatCannotBeRecordedInto) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "plain.wav") << "";
  const UniqueFd socket = bound_socket(directory / "socket.raw");
  EXPECT_EQ(make_file_sink(nullptr, {}).error(), EINVAL);
  EXPECT_EQ(refusal(""), EINVAL);
  EXPECT_EQ(refusal(directory / "out.mp3"), EINVAL);
  EXPECT_EQ(refusal(directory / "out"), EINVAL);
  EXPECT_EQ(refusal(directory / "socket.raw"), EINVAL);
  EXPECT_EQ(refusal(directory / ""), EISDIR);
  EXPECT_EQ(refusal(directory / "missing/out.wav"), ENOENT);
  EXPECT_EQ(refusal(directory / "plain.wav/out.wav"), ENOTDIR);
  EXPECT_EQ(access((directory / "out.mp3").c_str(), F_OK), -1);
  EXPECT_EQ(refusal(directory / "OUT.WAV"), 0);
}

TEST(FileSink, RefusesPathsThatAreNotAllowed) {
  if (!unprivileged_has_files()) GTEST_SKIP() << "only root can use files here";
  const TemporaryDirectory directory;
  const auto refused_with = [&](mode_t of_directory, mode_t of_file) {
    EXPECT_EQ(chmod((directory / "").c_str(), of_directory), 0);
    EXPECT_EQ(chmod((directory / "theirs.wav").c_str(), of_file), 0);
    const Unprivileged somebody;
    return std::pair(refusal(directory / "theirs.wav"), refusal(directory / "new.wav"));
  };
  std::ofstream(directory / "theirs.wav") << "";
  EXPECT_EQ(refused_with(0777, 0666), std::pair(0, 0));
  EXPECT_EQ(refused_with(0777, 0444), std::pair(EACCES, 0));
  EXPECT_EQ(refused_with(0555, 0666), std::pair(0, EACCES));
  EXPECT_EQ(chmod((directory / "").c_str(), 0700), 0);  // so that the test can remove it
}

TEST(FileSink, KnowsWhatAFileTypeHolds) {
  const auto holds = [](const char* path, const PcmFormat& format) {
    return make_sink(path)->holds(format);
  };
  EXPECT_TRUE(holds("out.flac", {SampleFormat::s24_le, 8, 655'350}));
  EXPECT_FALSE(holds("out.flac", {SampleFormat::s24_le, 9, 48000}));
  EXPECT_FALSE(holds("out.flac", {SampleFormat::s24_le, 2, 655'360}));
  EXPECT_FALSE(holds("out.flac", {SampleFormat::s24_le, 2, 88'201})) << "not streamable";
  EXPECT_FALSE(holds("out.flac", {SampleFormat::s32_le, 2, 48000}));
  EXPECT_FALSE(holds("out.flac", {SampleFormat::float_le, 2, 48000}));
  EXPECT_TRUE(holds("out.wav", {SampleFormat::float64_be, 32, 768'000}));
  EXPECT_FALSE(holds("out.wav", {SampleFormat::s16_le, 40'000, 48000}));
  EXPECT_FALSE(holds("out.wav", {SampleFormat::s16_le, 0, 48000}));
}

}  // namespace
}  // namespace dmasim
