// SPDX-License-Identifier: LGPL-2.1-or-later
/// The system refuses a call on a file that is recorded or played. The error is reported, the kept
/// frames are counted right, and the next try succeeds.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/device/sink.h"
#include "engine/device/source.h"
#include "engine/recording/file_sink.h"
#include "engine/recording/file_source.h"
#include "engine/recording/recording.h"
#include "tests/unit/answer_while.h"

namespace dmasim {
namespace {

constexpr PcmFormat kStereo{.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 48000};
constexpr PcmFormat kMonoByte{.sample = SampleFormat::u8, .channels = 1, .rate_hz = 48000};
constexpr size_t kHeaderBytes = 80;  // it has room for the ds64 chunk

class RefusedRecording : public ::testing::Test {
 protected:
  RefusedRecording() {
    std::string name = std::filesystem::temp_directory_path() / "dmasim-refused-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    directory_ = name;
  }
  ~RefusedRecording() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ / name; }

  std::unique_ptr<Recording> recording(FileType type, const PcmFormat& format) {
    const int fd = open(path("recorded").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    EXPECT_GE(fd, 0);
    auto owned = ForkClosedFd::adopt(UniqueFd(fd));
    EXPECT_TRUE(owned);
    return make_recording(type, OutputFile(*std::move(owned), OutputFile::Kind::file), format);
  }
  [[nodiscard]] std::string recorded() const {
    std::ifstream file(path("recorded"), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::span<const std::byte> frames(std::string_view text) {
    return std::as_bytes(std::span(text));
  }

  std::filesystem::path directory_;
};

TEST_F(RefusedRecording, GoesOnAfterASignal) {
  const auto raw = recording(FileType::raw, kStereo);
  EXPECT_EQ(answer_while("pwrite", EINTR, [&] { return raw->append(frames("abcdefgh")).error; }),
            0);
  EXPECT_EQ(recorded(), "abcdefgh");
}

TEST_F(RefusedRecording, CountsWhatWasKeptAndGoesOnBehindIt) {
  const auto raw = recording(FileType::raw, kStereo);
  EXPECT_EQ(raw->append(frames("abcd")).frames, 1U);
  for (const auto& [error, answer] : {std::pair(ENOSPC, ENOSPC), std::pair(kNothingDone, EIO)}) {
    EXPECT_EQ(answer_while("pwrite", error,
                           [&] {
                             const auto kept = raw->append(frames("efghijkl"));
                             EXPECT_EQ(kept.frames, 0U);
                             return kept.error;
                           }),
              answer);
  }
  EXPECT_EQ(raw->append(frames("mnop")).frames, 1U);
  EXPECT_TRUE(raw->finish());
  EXPECT_EQ(recorded(), "abcdmnop");
}

TEST_F(RefusedRecording, KeepsNothingBeforeItHasAHeader) {
  const auto wav = recording(FileType::wav, kStereo);
  EXPECT_EQ(answer_while("pwrite", ENOSPC,
                         [&] {
                           const auto kept = wav->append(frames("abcdefgh"));
                           EXPECT_EQ(kept.frames, 0U);
                           return kept.error;
                         }),
            ENOSPC);
  EXPECT_EQ(recorded(), "");
  EXPECT_EQ(wav->append(frames("ijklmnop")).frames, 2U);
  EXPECT_TRUE(wav->sync());
  EXPECT_EQ(recorded().substr(kHeaderBytes), "ijklmnop");
}

/// In a WAV an odd number of bytes is followed by one that is not counted.
TEST_F(RefusedRecording, ReportsThatItsPaddingWasRefused) {
  const auto wav = recording(FileType::wav, kMonoByte);
  EXPECT_EQ(wav->append(frames("abc")).frames, 3U);
  EXPECT_EQ(answer_while("pwrite", ENOSPC, [&] { return wav->sync().error(); }), ENOSPC);
  EXPECT_EQ(answer_while(
                "pwrite", EIO, [&] { return wav->sync().error(); }, 2),
            EIO)
      << "the header";
  EXPECT_TRUE(wav->finish());
  EXPECT_EQ(recorded().substr(kHeaderBytes), std::string("abc\0", 4));
}

/// The frames behind the end were counted as lost, and the header says where the end is.
TEST_F(RefusedRecording, IsValidThoughItCouldNotBeCut) {
  const auto wav = recording(FileType::wav, kStereo);
  EXPECT_EQ(wav->append(frames("abcd")).frames, 1U);
  EXPECT_EQ(answer_while("ftruncate", EIO, [&] { return wav->finish().error(); }), 0);
  EXPECT_EQ(recorded().substr(kHeaderBytes), "abcd");
}

TEST_F(RefusedRecording, OfLibsndfileReportsTheDisksError) {
  for (const FileType type : {FileType::w64, FileType::flac}) {
    const auto file = recording(type, kStereo);
    EXPECT_EQ(answer_while("pwrite", ENOSPC, [&] { return file->sync().error(); }), ENOSPC);
    EXPECT_EQ(file->append(frames("abcdefgh")).error, ENOSPC) << "for good";
    EXPECT_EQ(file->finish().error(), ENOSPC);
  }
}

TEST_F(RefusedRecording, AtItsBeginning) {
  auto sink = make_file_sink(path("a.raw").c_str(), {});
  ASSERT_TRUE(sink);
  const auto begin = [&] { return (*sink)->configure(kStereo, 1024).error(); };
  EXPECT_EQ(answer_while("open", EMFILE, begin), EMFILE);
  EXPECT_EQ(answer_while("fstat", EIO, begin), EIO);
  EXPECT_EQ(answer_while("ftruncate", EIO, begin), EIO);
  EXPECT_EQ(answer_while("fcntl", EMFILE, begin), EMFILE);
  EXPECT_EQ(answer_while("pthread_create", EAGAIN, begin), ENOMEM);
  EXPECT_EQ(begin(), 0);
  auto other = make_file_sink(path("a.raw").c_str(), {});
  ASSERT_TRUE(other);
  EXPECT_EQ((*other)->configure(kStereo, 1024).error(), EBUSY);
  EXPECT_EQ(file_lock_owner(path("a.raw").c_str()), getpid());
}

TEST_F(RefusedRecording, IsLockedThoughASignalCame) {
  auto sink = make_file_sink(path("a.raw").c_str(), {});
  ASSERT_TRUE(sink);
  const auto begin = [&] { return (*sink)->configure(kStereo, 1024).error(); };
  EXPECT_EQ(answer_while("flock", EINTR, begin), 0);
  EXPECT_EQ(file_lock_owner(path("a.raw").c_str()), getpid());
}

/// Some network file systems have no locks.
TEST_F(RefusedRecording, IsWrittenWithoutALockWhereThereAreNone) {
  auto sink = make_file_sink(path("a.raw").c_str(), {});
  ASSERT_TRUE(sink);
  const auto begin = [&] { return (*sink)->configure(kStereo, 1024).error(); };
  EXPECT_EQ(answer_while("flock", ENOLCK, begin), 0);
  EXPECT_EQ(file_lock_owner(path("a.raw").c_str()), 0);
  (*sink)->write(frames("abcdefgh"), true);
  EXPECT_TRUE((*sink)->flush());
  EXPECT_EQ(std::filesystem::file_size(path("a.raw")), 8U);
}

/// At the start another kind of file may have come to the path.
TEST_F(RefusedRecording, ByWhatHasComeInTheFilesPlace) {
  auto sink = make_file_sink(path("a.raw").c_str(), {});
  ASSERT_TRUE(sink);
  ASSERT_EQ(mkfifo(path("a.raw").c_str(), 0600), 0);
  const UniqueFd reader(open(path("a.raw").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_EQ((*sink)->configure(kStereo, 1024).error(), EINVAL);

  std::filesystem::create_symlink("/dev/null", path("device.raw"));
  auto device = make_file_sink(path("device.raw").c_str(), {});
  ASSERT_TRUE(device);
  std::filesystem::remove(path("device.raw"));
  std::ofstream(path("device.raw")) << "somebody's";
  EXPECT_EQ((*device)->configure(kStereo, 1024).error(), EINVAL);
  EXPECT_EQ(std::filesystem::file_size(path("device.raw")), 10U) << "which is left alone";
}

TEST_F(RefusedRecording, OfAFormatThatTheTypeDoesNotHold) {
  auto sink = make_file_sink(path("a.flac").c_str(), {});
  ASSERT_TRUE(sink);
  const PcmFormat real{.sample = SampleFormat::float_le, .channels = 2, .rate_hz = 48000};
  EXPECT_EQ((*sink)->configure(real, 1024).error(), EINVAL);
  EXPECT_FALSE(std::filesystem::exists(path("a.flac")));
  EXPECT_FALSE((*sink)->holds(real));
  sink = make_file_sink("/dev/null", {});
  EXPECT_TRUE(sink && (*sink)->holds(real)) << "a device is a WAV";
}

TEST_F(RefusedRecording, FromADirectoryThatIsGone) {
  const UniqueFd before(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(before);
  std::filesystem::create_directory(path("gone"));
  ASSERT_EQ(chdir(path("gone").c_str()), 0);
  std::filesystem::remove(path("gone"));
  EXPECT_EQ(make_file_sink("a.raw", {}).error(), ENOENT);
  EXPECT_EQ(fchdir(before.get()), 0);
}

TEST_F(RefusedRecording, NobodysFileHasNoOwner) {
  EXPECT_EQ(file_lock_owner(nullptr), 0);
  EXPECT_EQ(file_lock_owner(path("absent").c_str()), 0);
  std::ofstream(path("a.raw")) << "nobody's";
  EXPECT_EQ(file_lock_owner(path("a.raw").c_str()), 0);
}

class RefusedSource : public RefusedRecording {};

TEST_F(RefusedSource, AtOpenAndAtItsBeginning) {
  const auto wav = recording(FileType::wav, kStereo);
  ASSERT_EQ(wav->append(frames("abcdefgh")).frames, 2U);
  ASSERT_TRUE(wav->finish());
  std::unique_ptr<Source> source;
  const auto make = [&] {
    auto made = make_file_source(path("recorded").c_str());
    if (made) source = *std::move(made);
    return made.error();
  };
  EXPECT_EQ(answer_while("open", ENFILE, make), ENFILE);
  EXPECT_EQ(answer_while("fstat", EIO, make), EIO);
  ASSERT_EQ(make(), 0);
  const auto begin = [&] { return source->configure(kStereo, 1024).error(); };
  EXPECT_EQ(answer_while("pthread_create", EAGAIN, begin), ENOMEM);
  ASSERT_EQ(begin(), 0);
  std::string captured(8, '-');
  source->read(std::as_writable_bytes(std::span(captured)));
  EXPECT_EQ(captured, "abcdefgh");
}

}  // namespace
}  // namespace dmasim
