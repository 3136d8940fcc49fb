// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/recording/wav_header.h"

#include <gtest/gtest.h>
#include <sndfile.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "tests/unit/pcm/sample_formats.h"

namespace dmasim {
namespace {

constexpr PcmFormat kStereo{SampleFormat::s16_le, 2, 48000};

uint64_t number_at(const WavHeader& header, size_t place, size_t size) {
  uint64_t value = 0;
  std::memcpy(&value, &header.bytes()[place], size);
  return value;
}

std::string name_at(const WavHeader& header, size_t place) {
  return {reinterpret_cast<const char*>(&header.bytes()[place]), 4};
}

TEST(WavHeader, StaysPlainUpToTheLastByteThatFits) {
  const uint64_t most = UINT32_MAX - 1 - 72 - 2;  // RIFF's own size is the limit
  const WavHeader header(kStereo, most / 4 * 4);
  EXPECT_EQ(name_at(header, 0), "RIFF");
  EXPECT_EQ(number_at(header, 4, 4), most / 4 * 4 + 72);
  EXPECT_EQ(name_at(header, 12), "JUNK");
  EXPECT_EQ(name_at(header, 72), "data");
  EXPECT_EQ(number_at(header, 76, 4), most / 4 * 4);
}

TEST(WavHeader, BecomesRf64WhereItStands) {
  const uint64_t data = uint64_t{5} << 30;
  const WavHeader header(kStereo, data);
  EXPECT_EQ(header.bytes().size(), WavHeader(kStereo, 0).bytes().size());
  EXPECT_EQ(name_at(header, 0), "RF64");
  EXPECT_EQ(number_at(header, 4, 4), UINT32_MAX);
  EXPECT_EQ(name_at(header, 12), "ds64");
  EXPECT_EQ(number_at(header, 16, 4), 28U);
  EXPECT_EQ(number_at(header, 20, 8), data + 72);
  EXPECT_EQ(number_at(header, 28, 8), data);
  EXPECT_EQ(number_at(header, 36, 8), data / 4);
  EXPECT_EQ(number_at(header, 76, 4), UINT32_MAX);
}

TEST(WavHeader, CountsThePadByteOfOddData) {
  const WavHeader header({SampleFormat::u8, 1, 8000}, 7);
  EXPECT_EQ(number_at(header, 4, 4), 72U + 8);
  EXPECT_EQ(number_at(header, 76, 4), 7U);
}

TEST(WavHeader, StatesWhatAFrameIsAndHowManyBytesASecondHas) {
  const WavHeader header({SampleFormat::s24_le, 6, 44100}, 180);
  EXPECT_EQ(name_at(header, 48), "fmt ");
  EXPECT_EQ(number_at(header, 56, 2), 1U) << "integers";
  EXPECT_EQ(number_at(header, 58, 2), 6U);
  EXPECT_EQ(number_at(header, 60, 4), 44100U);
  EXPECT_EQ(number_at(header, 64, 4), 44100U * 18) << "packed";
  EXPECT_EQ(number_at(header, 68, 2), 18U);
  EXPECT_EQ(number_at(header, 70, 2), 24U);
}

TEST(WavHeader, CountsTheFramesOfRealNumbers) {
  const WavHeader header({SampleFormat::float64_le, 2, 48000}, 160);
  EXPECT_EQ(number_at(header, 56, 2), 3U) << "real numbers";
  EXPECT_EQ(name_at(header, 74), "fact");
  EXPECT_EQ(number_at(header, 78, 4), 4U);
  EXPECT_EQ(number_at(header, 82, 4), 10U);
  EXPECT_EQ(name_at(header, 86), "data");
}

/// The samples are a hole in the file, so it takes only a page of the disk.
TEST(WavHeader, OfMoreThanFourGibIsReadByLibsndfile) {
  for (const SampleFormat sample : {SampleFormat::s16_le, SampleFormat::float_le}) {
    const TemporaryDirectory directory;
    const std::string path = directory / "large.wav";
    const PcmFormat format{sample, 2, 48000};
    const uint64_t frames = (uint64_t{4} << 30) / format.frame_bytes() + 1234;
    const WavHeader header(format, frames * format.frame_bytes());
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(header.bytes().data()),
               static_cast<std::streamsize>(header.bytes().size()));
    if (truncate(path.c_str(),
                 static_cast<off_t>(header.bytes().size() + frames * format.frame_bytes())) != 0) {
      GTEST_SKIP() << "no such large file here: " << std::strerror(errno);
    }
    SF_INFO info{};
    SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
    ASSERT_NE(file, nullptr) << sf_strerror(nullptr);
    EXPECT_EQ(info.frames, static_cast<sf_count_t>(frames));
    EXPECT_EQ(info.format & SF_FORMAT_TYPEMASK, SF_FORMAT_RF64);
    sf_close(file);
  }
}

}  // namespace
}  // namespace dmasim
