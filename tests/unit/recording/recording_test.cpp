// SPDX-License-Identifier: LGPL-2.1-or-later
/// The bytes of a recorded file besides the samples.
#include "engine/recording/recording.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "engine/device/sink.h"
#include "engine/recording/file_sink.h"
#include "engine/recording/wav_header.h"
#include "tests/unit/pcm/sample_formats.h"

namespace dmasim {
namespace {

constexpr PcmFormat kBytes{SampleFormat::u8, 1, 8000};
constexpr uint64_t kBurst = 64;

std::unique_ptr<Sink> make_sink(const std::string& path) {
  auto sink = make_file_sink(path.c_str(), {});
  EXPECT_TRUE(sink) << path << ": " << std::strerror(sink.error());
  return sink ? *std::move(sink) : nullptr;
}

TEST(RecordingFile, OfOddLengthHasAPadByteThatTheNextFrameTakes) {
  const TemporaryDirectory directory;
  const auto text = [&] {
    std::ifstream file(directory / "out.wav", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const size_t header = WavHeader(kBytes, 0).bytes().size();
  const auto sink = make_sink(directory / "out.wav");
  ASSERT_TRUE(sink->configure(kBytes, kBurst));
  const std::vector<std::byte> frames(7, std::byte{'x'});
  sink->write(frames, true);
  ASSERT_TRUE(sink->flush());
  EXPECT_EQ(text().substr(header), std::string("xxxxxxx\0", 8));
  sink->write(frames, true);
  ASSERT_TRUE(sink->flush());
  EXPECT_EQ(text().substr(header), std::string(14, 'x'));
}

/// A device that takes no bytes refuses the header already, before any frame comes.
TEST(RecordingFile, WhoseHeaderCannotBeWrittenFailsTheFlush) {
  const auto sink = make_sink("/dev/full");
  ASSERT_TRUE(sink->configure(kBytes, kBurst));
  EXPECT_EQ(sink->flush().error(), EIO);
  EXPECT_EQ(sink->stats().last_error, ENOSPC);
  EXPECT_EQ(sink->stats().lost_frames, 0U);
}

/// Both ends of a pseudo-terminal that passes every byte unchanged. It takes only some kilobytes
/// until they are read.
class Terminal {
 public:
  Terminal() {
    int master = -1;
    int slave = -1;
    termios raw{};
    cfmakeraw(&raw);
    cfsetspeed(&raw, B38400);
    if (openpty(&master, &slave, name_.data(), &raw, nullptr) != 0) return;
    reader_ = UniqueFd(master);
    kept_ = UniqueFd(slave);
    EXPECT_EQ(fcntl(master, F_SETFL, O_NONBLOCK), 0);
  }
  [[nodiscard]] bool ok() const { return static_cast<bool>(reader_); }
  [[nodiscard]] const char* name() const { return name_.data(); }
  /// The bytes that have come out since the last call.
  std::string read_all() {
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; (got = read(reader_.get(), piece.data(), piece.size())) > 0;) {
      text.append(piece.data(), static_cast<size_t>(got));
    }
    return text;
  }

 private:
  std::array<char, 64> name_{};
  UniqueFd reader_;
  UniqueFd kept_;
};

/// A device cannot seek. So the header is written to it only once.
TEST(RecordingFile, IntoADeviceHasOneHeader) {
  Terminal terminal;
  if (!terminal.ok()) GTEST_SKIP() << "no pseudo-terminal here: " << std::strerror(errno);
  const size_t header = WavHeader(kBytes, 0).bytes().size();
  const auto sink = make_sink(terminal.name());
  ASSERT_TRUE(sink->configure(kBytes, kBurst));
  const std::vector<std::byte> frames(8, std::byte{'x'});
  for (int i = 0; i < 2; ++i) {
    sink->write(frames, true);
    ASSERT_TRUE(sink->flush());
  }
  const std::string text = terminal.read_all();
  ASSERT_EQ(text.size(), header + 16);
  EXPECT_EQ(text.substr(0, 4), "RIFF");
  EXPECT_EQ(text.substr(header), std::string(16, 'x'));
}

TEST(RecordingFile, IntoADeviceHasItsPadByteBehindTheLastFrame) {
  Terminal terminal;
  if (!terminal.ok()) GTEST_SKIP() << "no pseudo-terminal here: " << std::strerror(errno);
  const size_t header = WavHeader(kBytes, 0).bytes().size();
  auto sink = make_sink(terminal.name());
  ASSERT_TRUE(sink->configure(kBytes, kBurst));
  for (const char letter : {'a', 'b', 'c'}) {
    const std::vector<std::byte> frames(7, static_cast<std::byte>(letter));
    sink->write(frames, true);
    ASSERT_TRUE(sink->flush());
  }
  EXPECT_EQ(sink->stats().lost_frames, 0U);
  sink.reset();
  EXPECT_EQ(terminal.read_all().substr(header), std::string("aaaaaaabbbbbbbccccccc\0", 22));
}

/// The frames that the device did not take are lost and reported. Only whole frames come out.
TEST(RecordingFile, IntoADeviceThatIsFullCountsTheRestAsLost) {
  for (const char* name : {"out.wav", "out.raw"}) {
    SCOPED_TRACE(name);
    Terminal terminal;
    if (!terminal.ok()) GTEST_SKIP() << "no pseudo-terminal here: " << std::strerror(errno);
    const TemporaryDirectory directory;
    ASSERT_EQ(symlink(terminal.name(), (directory / name).c_str()), 0);
    constexpr PcmFormat kThreeBytes{SampleFormat::s24_3le, 1, 48000};
    const auto sink = make_sink(directory / name);
    ASSERT_TRUE(sink->configure(kThreeBytes, 50'000));
    const size_t header =
        file_type_of(name) == FileType::wav ? WavHeader(kThreeBytes, 0).bytes().size() : 0;
    std::string text;
    // Repeats it so often that some write ends within a frame, wherever the device becomes full.
    for (int i = 0; i < 12; ++i) {
      sink->write(std::vector<std::byte>(size_t{3} * 50'001, std::byte{'x'}), true);
      EXPECT_EQ(sink->flush().error(), EIO);
      text += terminal.read_all();
    }
    EXPECT_EQ(sink->stats().last_error, EAGAIN);
    const uint64_t kept = sink->stats().written_frames - sink->stats().lost_frames;
    EXPECT_GT(kept, 0U);
    EXPECT_EQ((text.size() - header) / 3, kept);
    EXPECT_EQ(std::count(text.begin() + static_cast<ptrdiff_t>(header), text.end(), 'x'),
              static_cast<ptrdiff_t>(text.size() - header));
  }
}

TEST(RecordingFile, HoldsTheWidestFrameThatItsHeaderCanDescribe) {
  EXPECT_TRUE(file_type_holds(FileType::wav, {SampleFormat::u8, 65'535, 48000}));
  EXPECT_FALSE(file_type_holds(FileType::wav, {SampleFormat::u8, 65'536, 48000}));
  EXPECT_TRUE(file_type_holds(FileType::wav, {SampleFormat::s24_le, 21'845, 48000})) << "packed";
  EXPECT_FALSE(file_type_holds(FileType::wav, {SampleFormat::s24_le, 21'846, 48000}));
  EXPECT_TRUE(file_type_holds(FileType::w64, {SampleFormat::u8, 1024, 48000}));
  EXPECT_FALSE(file_type_holds(FileType::w64, {SampleFormat::u8, 1025, 48000}));
  EXPECT_TRUE(file_type_holds(FileType::raw, {SampleFormat::u8, 65'536, 48000}));
}

}  // namespace
}  // namespace dmasim
