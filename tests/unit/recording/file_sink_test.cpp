// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/recording/file_sink.h"

#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <tuple>
#include <vector>

#include "tests/unit/pcm/sample_formats.h"
#include "tests/unit/recording/file_sink_setup.h"

namespace dmasim {
namespace {

std::vector<std::byte> bytes_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  std::vector<std::byte> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

std::string text_at(const std::vector<std::byte>& bytes, size_t place, size_t count) {
  std::string text;
  for (size_t i = place; i < std::min(place + count, bytes.size()); ++i) {
    text += static_cast<char>(bytes[i]);
  }
  return text;
}

/// Writes whole frames in pieces of odd sizes.
void write_in_pieces(Sink& sink, const PcmFormat& format, std::span<const std::byte> bytes) {
  for (size_t count = 1; !bytes.empty(); count = count * 5 % 613 + 1) {
    const size_t piece = std::min(bytes.size(), count * format.frame_bytes());
    sink.write(bytes.first(piece), true);
    bytes = bytes.subspan(piece);
  }
}

struct Recorded {
  SF_INFO info{};
  std::vector<std::byte> bytes;  // the samples as a ring of that format holds them
};

/// The samples that libsndfile reads from the file, in `format`.
Recorded read_back(const std::string& path, SampleFormat format) {
  Recorded recorded;
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &recorded.info);
  if (file == nullptr) {
    ADD_FAILURE() << path << ": " << sf_strerror(nullptr);
    return recorded;
  }
  const auto read = [&]<typename Number>(sf_count_t (*call)(SNDFILE*, Number*, sf_count_t)) {
    std::vector<Number> numbers(4096 * static_cast<size_t>(recorded.info.channels));
    for (;;) {
      const sf_count_t got = call(file, numbers.data(), static_cast<sf_count_t>(numbers.size()));
      if (got <= 0) break;
      const size_t old = recorded.bytes.size();
      recorded.bytes.resize(old + static_cast<size_t>(got) * sample_bytes(format));
      encode(format, std::span<const Number>(numbers).first(static_cast<size_t>(got)),
             &recorded.bytes[old]);
    }
  };
  switch (sample_kind(format)) {
    case SampleKind::integer:
      read(&sf_read_int);
      break;
    case SampleKind::float32:
      read(&sf_read_float);
      break;
    case SampleKind::float64:
      read(&sf_read_double);
      break;
    case SampleKind::dsd:
      ADD_FAILURE() << "libsndfile reads no DSD";
  }
  sf_close(file);
  return recorded;
}

TEST(NullSink, CountsCommittedFrames) {
  const auto sink = make_null_sink();
  ASSERT_TRUE(sink->configure(kStereo, kBurst));
  const auto bytes = random_samples(kStereo.sample, 20);
  sink->write(bytes, true);
  sink->write(bytes, false);
  EXPECT_TRUE(sink->flush());
  EXPECT_EQ(sink->stats().written_frames, 10U);
  EXPECT_EQ(sink->stats().lost_frames, 0U);
}

class EveryFormat : public testing::TestWithParam<std::tuple<const char*, SampleFormat, uint32_t>> {
};

TEST_P(EveryFormat, ComesBackBitForBit) {
  const auto& [ending, sample, channels] = GetParam();
  const PcmFormat format{sample, channels, 44100};
  const TemporaryDirectory directory;
  const std::string path = directory / ("out" + std::string(ending));
  if (!make_sink(path)->holds(format)) {
    EXPECT_STREQ(ending, ".flac");
    EXPECT_TRUE(sample_kind(sample) != SampleKind::integer || sample_bits(sample) == 32);
    EXPECT_EQ(make_sink(path)->configure(format, kBurst).error(), EINVAL);
    return;
  }
  const auto bytes = random_samples(sample, size_t{10'001} * channels);
  {
    const auto sink = make_sink(path);
    ASSERT_TRUE(sink->configure(format, kBurst));
    write_in_pieces(*sink, format, bytes);
    ASSERT_TRUE(sink->flush());
    EXPECT_EQ(sink->stats().written_frames, 10'001U);
    EXPECT_EQ(sink->stats().lost_frames, 0U);
  }
  if (std::strcmp(ending, ".raw") == 0) {
    EXPECT_TRUE(bytes_in(path) == bytes);
    return;
  }
  const auto recorded = read_back(path, sample);
  EXPECT_EQ(recorded.info.channels, static_cast<int>(channels));
  EXPECT_EQ(recorded.info.samplerate, 44100);
  EXPECT_EQ(recorded.info.frames, 10'001);
  EXPECT_TRUE(recorded.bytes == bytes);
}

std::string name_of_each(const testing::TestParamInfo<EveryFormat::ParamType>& tested) {
  return std::string(std::get<0>(tested.param) + 1) + "_" + name_of(std::get<1>(tested.param)) +
         "_" + std::to_string(std::get<2>(tested.param));
}

INSTANTIATE_TEST_SUITE_P(FileSink, EveryFormat,
                         testing::Combine(testing::Values(".wav", ".w64", ".flac", ".raw"),
                                          testing::ValuesIn(kPcmFormats),
                                          testing::Values(1U, 2U, 6U)),
                         name_of_each);
INSTANTIATE_TEST_SUITE_P(FileSinkOfDsd, EveryFormat,
                         testing::Combine(testing::Values(".raw"), testing::ValuesIn(kDsdFormats),
                                          testing::Values(1U, 2U, 6U)),
                         name_of_each);

TEST(FileSink, MakesNoFileBeforeItIsConfigured) {
  const TemporaryDirectory directory;
  const std::string path = directory / "out.wav";
  make_sink(path);
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(FileSink, LeavesAnEmptyRecordingThatOpens) {
  for (const char* name : {"out.wav", "out.w64", "out.flac"}) {
    const TemporaryDirectory directory;
    const std::string path = directory / name;
    const auto sink = make_sink(path);
    ASSERT_TRUE(sink->configure(kStereo, kBurst));
    ASSERT_TRUE(sink->flush());
    EXPECT_TRUE(read_back(path, kStereo.sample).bytes.empty());
  }
}

TEST(FileSink, IsAValidFileWhileItGrows) {
  for (const char* name : {"out.wav", "out.w64"}) {
    SCOPED_TRACE(name);
    const TemporaryDirectory directory;
    const std::string path = directory / name;
    const PcmFormat format{SampleFormat::s24_3le, 1, 48000};  // a frame has an odd number of bytes
    const auto bytes = random_samples(format.sample, 15);
    const auto sink = make_sink(path);
    ASSERT_TRUE(sink->configure(format, kBurst));
    for (size_t frames = 5; frames <= 15; frames += 5) {
      sink->write(std::span(bytes).subspan((frames - 5) * 3, 15), true);
      ASSERT_TRUE(sink->flush());
      const auto recorded = read_back(path, format.sample);
      EXPECT_EQ(recorded.info.frames, static_cast<sf_count_t>(frames));
      EXPECT_TRUE(std::equal(recorded.bytes.begin(), recorded.bytes.end(), bytes.begin()));
    }
  }
}

TEST(FileSink, OpensAsFlacWhileItGrows) {
  const TemporaryDirectory directory;
  const std::string path = directory / "out.flac";
  const auto bytes = random_samples(kStereo.sample, 2 * 10'000);
  const auto sink = make_sink(path);
  ASSERT_TRUE(sink->configure(kStereo, kBurst));
  sink->write(bytes, true);
  ASSERT_TRUE(sink->flush());
  const auto recorded = read_back(path, kStereo.sample);
  ASSERT_GE(recorded.bytes.size(), bytes.size() - 4096 * kStereo.frame_bytes());
  EXPECT_TRUE(std::equal(recorded.bytes.begin(), recorded.bytes.end(), bytes.begin()));
}

TEST(FileSink, WritesAPlainWavHeader) {
  for (const auto& [sample, tag] :
       {std::pair(SampleFormat::s24_be, '\1'), std::pair(SampleFormat::float_le, '\3')}) {
    const TemporaryDirectory directory;
    const std::string path = directory / "out.wav";
    const auto sink = make_sink(path);
    ASSERT_TRUE(sink->configure({sample, 6, 48000}, kBurst));
    sink->write(random_samples(sample, 60), true);
    ASSERT_TRUE(sink->flush());
    const auto bytes = bytes_in(path);
    EXPECT_EQ(text_at(bytes, 0, 4), "RIFF");
    EXPECT_EQ(text_at(bytes, 8, 8), "WAVEJUNK");
    EXPECT_EQ(text_at(bytes, 48, 4), "fmt ");
    EXPECT_EQ(text_at(bytes, 56, 2), std::string({tag, '\0'}));
  }
}

TEST(FileSink, DropsUncommittedFrames) {
  const TemporaryDirectory directory;
  const std::string path = directory / "out.raw";
  const auto bytes = random_samples(kStereo.sample, 200);
  const auto sink = make_sink(path);
  ASSERT_TRUE(sink->configure(kStereo, kBurst));
  sink->write(std::span(bytes).first(100), true);
  sink->write(random_samples(kStereo.sample, 50), false);
  sink->write(std::span(bytes).subspan(100), true);
  ASSERT_TRUE(sink->flush());
  EXPECT_EQ(bytes_in(path), bytes);
  EXPECT_EQ(sink->stats().written_frames, 100U);
}

TEST(FileSink, GoesOnInTheSameFileWithTheSameFormat) {
  const TemporaryDirectory directory;
  const auto bytes = random_samples(kStereo.sample, 200);
  const auto sink = make_sink(directory / "out.raw");
  for (size_t half = 0; half < 2; ++half) {
    ASSERT_TRUE(sink->configure(kStereo, kBurst));
    sink->write(std::span(bytes).subspan(half * 200, 200), true);
    ASSERT_TRUE(sink->flush());
  }
  EXPECT_EQ(bytes_in(directory / "out.raw"), bytes);
  EXPECT_NE(access((directory / "out.1.raw").c_str(), F_OK), 0);
}

TEST(FileSink, BeginsANumberedFileForEachFurtherFormat) {
  const TemporaryDirectory directory;
  const PcmFormat mono{SampleFormat::float_be, 1, 96000};
  const auto first = random_samples(kStereo.sample, 2000);
  const auto second = random_samples(mono.sample, 1000);
  const auto third = random_samples(kStereo.sample, 3000);
  const auto sink = make_sink(directory / "out.wav");
  ASSERT_TRUE(sink->configure(kStereo, kBurst));
  sink->write(first, true);
  ASSERT_TRUE(sink->configure(mono, kBurst));
  sink->write(second, true);
  ASSERT_TRUE(sink->configure(kStereo, kBurst));
  sink->write(third, true);
  ASSERT_TRUE(sink->flush());
  EXPECT_TRUE(read_back(directory / "out.wav", kStereo.sample).bytes == first);
  EXPECT_TRUE(read_back(directory / "out.1.wav", mono.sample).bytes == second);
  EXPECT_TRUE(read_back(directory / "out.2.wav", kStereo.sample).bytes == third);
  EXPECT_EQ(sink->stats().lost_frames, 0U);
}

TEST(FileSink, TruncatesWhatWasThere) {
  const TemporaryDirectory directory;
  const std::string path = directory / "out.raw";
  std::ofstream(path) << "something that was recorded before";
  const auto sink = make_sink(path);
  EXPECT_EQ(bytes_in(path).size(), 34U);
  ASSERT_TRUE(sink->configure(kStereo, kBurst));
  EXPECT_TRUE(bytes_in(path).empty());
}

/// A new child has copies of all descriptors until its fork handlers run. This child runs none.
TEST(FileSink, LetsGoOfAFileOfWhichAChildHasACopy) {
  const TemporaryDirectory directory;
  const std::string path = directory / "out.wav";
  constexpr PcmFormat kMono{SampleFormat::s16_le, 1, 48000};
  auto owner = make_sink(path);
  ASSERT_TRUE(owner->configure(kStereo, kBurst));
  ASSERT_TRUE(owner->configure(kMono, kBurst));
  const auto child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0));
  if (child == 0) {
    for (;;) pause();
  }
  ASSERT_GT(child, 0);
  owner.reset();
  const auto other = make_sink(path);
  EXPECT_EQ(other->configure(kStereo, kBurst).error(), 0);
  EXPECT_EQ(other->configure(kMono, kBurst).error(), 0);
  EXPECT_EQ(kill(child, SIGKILL), 0);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
}

TEST(FileSink, KeepsAFileThatIsInUseFromOthers) {
  const TemporaryDirectory directory;
  const std::string path = directory / "out.wav";
  const auto bytes = random_samples(kStereo.sample, 200);
  auto owner = make_sink(path);
  ASSERT_TRUE(owner->configure(kStereo, kBurst));
  owner->write(bytes, true);
  ASSERT_TRUE(owner->flush());
  const auto other = make_sink(path);
  EXPECT_EQ(other->configure(kStereo, kBurst).error(), EBUSY);
  const pid_t pid = file_lock_owner(path.c_str());
  EXPECT_TRUE(pid == getpid() || pid == 0) << pid;
  EXPECT_TRUE(read_back(path, kStereo.sample).bytes == bytes);

  ASSERT_TRUE(owner->configure({SampleFormat::s16_le, 1, 48000}, kBurst));
  ASSERT_TRUE(owner->flush());
  EXPECT_EQ(other->configure(kStereo, kBurst).error(), EBUSY) << "also when it records out.1.wav";
  owner.reset();
  EXPECT_EQ(file_lock_owner(path.c_str()), 0);
  EXPECT_TRUE(other->configure(kStereo, kBurst));
}

}  // namespace
}  // namespace dmasim
