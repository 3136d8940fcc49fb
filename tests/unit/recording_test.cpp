// SPDX-License-Identifier: LGPL-2.1-or-later
/// What lies in a recorded file beside the samples, byte by byte.
#include "engine/recording.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "engine/sink.h"
#include "engine/wav_header.h"
#include "tests/unit/sample_formats.h"

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

/// A device that keeps nothing says so with the header, before any frame comes.
TEST(RecordingFile, WhoseHeaderCannotBeWrittenFailsTheFlush) {
  const auto sink = make_sink("/dev/full");
  ASSERT_TRUE(sink->configure(kBytes, kBurst));
  EXPECT_EQ(sink->flush().error(), EIO);
  EXPECT_EQ(sink->stats().last_error, ENOSPC);
  EXPECT_EQ(sink->stats().lost_frames, 0U);
}

/// A device cannot go back: what has gone out to it, as the header, goes out once.
TEST(RecordingFile, IntoADeviceHasOneHeader) {
  int master = -1;
  int slave = -1;
  std::array<char, 64> name{};
  termios raw{};
  cfmakeraw(&raw);
  cfsetspeed(&raw, B38400);
  if (openpty(&master, &slave, name.data(), &raw, nullptr) != 0) {
    GTEST_SKIP() << "no pseudo-terminal here: " << std::strerror(errno);
  }
  const UniqueFd reader(master);
  const UniqueFd kept(slave);
  const size_t header = WavHeader(kBytes, 0).bytes().size();
  const auto sink = make_sink(name.data());
  ASSERT_TRUE(sink->configure(kBytes, kBurst));
  const std::vector<std::byte> frames(8, std::byte{'x'});
  for (int i = 0; i < 2; ++i) {
    sink->write(frames, true);
    ASSERT_TRUE(sink->flush());
  }
  ASSERT_EQ(fcntl(master, F_SETFL, O_NONBLOCK), 0);
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t got = 0; (got = read(master, piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<size_t>(got));
  }
  ASSERT_EQ(text.size(), header + 16);
  EXPECT_EQ(text.substr(0, 4), "RIFF");
  EXPECT_EQ(text.substr(header), std::string(16, 'x'));
}

TEST(RecordingFile, HoldsTheWidestFrameThatItsHeaderCanTellOf) {
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
