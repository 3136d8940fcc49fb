// SPDX-License-Identifier: LGPL-2.1-or-later
/// WAVs whose samples have more bytes than their bits need.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "engine/device/source.h"
#include "engine/recording/file_source.h"
#include "tests/unit/pcm/sample_formats.h"

namespace dmasim {
namespace {

constexpr uint64_t kBurst = 6000;

std::vector<std::byte> read_frames(Source& source, const PcmFormat& format, size_t frames) {
  std::vector<std::byte> bytes(frames * format.frame_bytes(), std::byte{0x55});
  source.read(bytes);
  return bytes;
}

std::unique_ptr<Source> open_source(const std::string& path) {
  auto source = make_file_source(path.c_str());
  EXPECT_TRUE(source) << std::strerror(source.error());
  return source ? *std::move(source) : nullptr;
}

/// A WAV with the plain header that arecord writes.
void write_plain_wav(const std::string& path, uint16_t bits, uint16_t frame_bytes,
                     uint16_t channels, std::span<const std::byte> samples) {
  std::ofstream file(path, std::ios::binary);
  const auto put = [&file](uint32_t value, std::streamsize size) {
    file.write(reinterpret_cast<const char*>(&value), size);
  };
  const auto size = static_cast<uint32_t>(samples.size());
  file << "RIFF";
  put(36 + size, 4);
  file << "WAVEfmt ";
  put(16, 4);
  put(1, 2);
  put(channels, 2);
  put(48000, 4);
  put(48000U * frame_bytes, 4);
  put(frame_bytes, 2);
  put(bits, 2);
  file << "data";
  put(size, 4);
  file.write(reinterpret_cast<const char*>(samples.data()),
             static_cast<std::streamsize>(samples.size()));
}

TEST(WavSource, Plays24BitsInFourBytesOfArecordAtFullLoudness) {
  const PcmFormat format{SampleFormat::s24_le, 2, 48000};
  for (const bool silent_at_first : {false, true}) {
    const TemporaryDirectory directory;
    auto bytes = random_samples(format.sample, size_t{2} * 20'001);
    if (silent_at_first) std::fill_n(bytes.begin(), 40'000, std::byte{0});
    write_plain_wav(directory / "in", 24, 8, 2, bytes);
    const auto source = open_source(directory / "in");
    ASSERT_TRUE(source);
    ASSERT_TRUE(source->configure(format, 30'000));
    EXPECT_TRUE(read_frames(*source, format, 20'001) == bytes) << silent_at_first;
    EXPECT_TRUE(read_frames(*source, format, 100) == std::vector<std::byte>(800));
    EXPECT_EQ(source->stats().late_frames, 0U);
  }
}

TEST(WavSource, TakesNoNoticeOfTheByteAbove24Bits) {
  const TemporaryDirectory directory;
  const PcmFormat format{SampleFormat::s24_le, 1, 48000};
  const auto bytes = random_samples(format.sample, 5000);
  auto dirty = bytes;
  for (size_t i = 3; i < dirty.size(); i += 4) dirty[i] = static_cast<std::byte>(i / 4 * 37);
  write_plain_wav(directory / "in", 24, 4, 1, dirty);
  const auto source = open_source(directory / "in");
  ASSERT_TRUE(source);
  ASSERT_TRUE(source->configure(format, kBurst));
  EXPECT_TRUE(read_frames(*source, format, 5000) == bytes);
}

TEST(WavSource, RefusesAWavWhoseBitsMayLieAnywhereInTheirBytes) {
  const TemporaryDirectory directory;
  const auto bytes = random_samples(SampleFormat::s32_le, 600);
  for (const auto& [bits, sample] : {std::pair(16, 4), std::pair(20, 4), std::pair(16, 3)}) {
    write_plain_wav(directory / "in", static_cast<uint16_t>(bits), static_cast<uint16_t>(sample), 1,
                    bytes);
    EXPECT_EQ(make_file_source((directory / "in").c_str()).error(), ENOTSUP) << bits << sample;
  }
}

/// By the rules of WAV the bits are the upper ones.
TEST(WavSource, Plays20BitsInThreeBytesAsTheUpperOnes) {
  const TemporaryDirectory directory;
  const PcmFormat format{SampleFormat::s24_3le, 1, 48000};
  const auto bytes = random_samples(format.sample, 600);
  write_plain_wav(directory / "in", 20, 3, 1, bytes);
  const auto source = open_source(directory / "in");
  ASSERT_TRUE(source);
  ASSERT_TRUE(source->configure(format, kBurst));
  EXPECT_TRUE(read_frames(*source, format, 600) == bytes);
}

}  // namespace
}  // namespace dmasim
