// SPDX-License-Identifier: LGPL-2.1-or-later
/// The file into which a sink records: names with % that are filled in, and files that grow.
#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "engine/device/sink.h"
#include "engine/recording/file_pattern.h"
#include "engine/recording/file_sink.h"
#include "engine/recording/wav_header.h"
#include "tests/unit/pcm/sample_formats.h"

namespace dmasim {
namespace {

constexpr PcmFormat kStereo{SampleFormat::s16_le, 2, 48000};
constexpr PcmFormat kMono{SampleFormat::s24_3le, 1, 44100};  // a frame has an odd number of bytes
constexpr uint64_t kBurst = 4096;

std::string text_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(FilePattern, FillsInItsPlaces) {
  const auto pattern = FilePattern::parse("/a/%c-%s-%p-%%n.wav", {.card = "x.1", .subdevice = "7"});
  ASSERT_TRUE(pattern);
  EXPECT_FALSE(pattern->counts());
  EXPECT_EQ(pattern->name(3), "/a/x.1-7-" + std::to_string(getpid()) + "-%n.wav");
  const auto counted = FilePattern::parse("%n/%n%%", {});
  ASSERT_TRUE(counted);
  EXPECT_TRUE(counted->counts());
  EXPECT_EQ(counted->name(0), "0/0%");
  EXPECT_EQ(counted->name(12), "12/12%");
}

TEST(FilePattern, RefusesAPercentSignBeforeAnythingElse) {
  for (const char* text : {"100%.wav", "%d.wav", "%N.wav", "a%", "%%%"}) {
    EXPECT_FALSE(FilePattern::parse(text, {})) << text;
  }
}

class CountedFile : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Sink> sink() const {
    auto made = make_file_sink(*FilePattern::parse(directory_ / "take-%n.raw", {}), {});
    EXPECT_TRUE(made) << std::strerror(made.error());
    return *std::move(made);
  }
  [[nodiscard]] std::string path(uint64_t number) const {
    return directory_ / ("take-" + std::to_string(number) + ".raw");
  }
  /// The numbers in the names of the files. Other tests of this process have used earlier numbers.
  [[nodiscard]] std::vector<uint64_t> numbers() const {
    std::vector<uint64_t> numbers;
    for (const auto& entry : std::filesystem::directory_iterator(directory_ / "")) {
      numbers.push_back(std::stoull(entry.path().filename().string().substr(5)));
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  const TemporaryDirectory directory_;
};

TEST_F(CountedFile, IsTheNextOneForEachSinkThatBegins) {
  const auto first = sink();
  static_cast<void>(sink());  // it only checks whether it could record
  EXPECT_EQ(numbers(), std::vector<uint64_t>{});
  ASSERT_TRUE(first->configure(kStereo, kBurst));
  ASSERT_EQ(numbers().size(), 1U);
  const uint64_t number = numbers().front();
  ASSERT_TRUE(first->configure(kStereo, kBurst));
  const auto second = sink();
  ASSERT_TRUE(second->configure(kStereo, kBurst));
  EXPECT_EQ(numbers(), (std::vector{number, number + 1}));
}

TEST_F(CountedFile, PassesOverTheNumbersThatAreThere) {
  const auto first = sink();
  ASSERT_TRUE(first->configure(kStereo, kBurst));
  const uint64_t number = numbers().front();
  std::ofstream(path(number + 1)) << "somebody's";
  const auto second = sink();
  ASSERT_TRUE(second->configure(kStereo, kBurst));
  EXPECT_EQ(text_in(path(number + 1)), "somebody's");
  EXPECT_TRUE(std::filesystem::exists(path(number + 2)));
}

TEST_F(CountedFile, GoesOnUnderItsNumberWithAnotherFormat) {
  const auto one = sink();
  ASSERT_TRUE(one->configure(kStereo, kBurst));
  const uint64_t number = numbers().front();
  ASSERT_TRUE(one->configure(kMono, kBurst));
  EXPECT_TRUE(std::filesystem::exists(directory_ / ("take-" + std::to_string(number) + ".1.raw")));
}

TEST_F(CountedFile, SaysWhatItsNameHasBecome) {
  const auto one = sink();
  EXPECT_EQ(one->recorded_into(), "");
  ASSERT_TRUE(one->configure(kStereo, kBurst));
  EXPECT_EQ(one->recorded_into(), path(numbers().front()));
  ASSERT_TRUE(one->configure(kMono, kBurst));
  EXPECT_EQ(one->recorded_into(), path(numbers().front())) << "the first of its files";
  const auto plain = *make_file_sink((directory_ / "plain.raw").c_str(), {});
  ASSERT_TRUE(plain->configure(kStereo, kBurst));
  EXPECT_EQ(plain->recorded_into(), "") << "the name that was given";
}

TEST_F(CountedFile, IsRefusedWhereNoFileCanBeMade) {
  EXPECT_EQ(make_file_sink(*FilePattern::parse(directory_ / "missing/%n.raw", {}), {}).error(),
            ENOENT);
  EXPECT_EQ(make_file_sink(*FilePattern::parse(directory_ / "%n.mp3", {}), {}).error(), EINVAL);
}

int record(const std::string& path, const PcmFormat& format, std::span<const std::byte> bytes,
           size_t pieces = 1) {
  auto sink = make_file_sink(path.c_str(), {.append = true});
  if (!sink) return sink.error();
  if (const auto begun = (*sink)->configure(format, kBurst); !begun) return begun.error();
  const size_t piece = bytes.size() / format.frame_bytes() / pieces * format.frame_bytes();
  for (size_t i = 0; i < pieces; ++i) {
    (*sink)->write(bytes.subspan(i * piece, piece), true);
    if (const auto flushed = (*sink)->flush(); !flushed) return flushed.error();
  }
  return (*sink)->stats().lost_frames == 0 ? 0 : EIO;
}

/// The samples that libsndfile reads from a file, in `format`.
std::string samples_in(const std::string& path, const PcmFormat& format) {
  SF_INFO info{};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  if (file == nullptr) return sf_strerror(nullptr);
  const sf_count_t count = info.frames * info.channels;
  std::vector<int32_t> integers(static_cast<size_t>(count));
  std::vector<double> reals(static_cast<size_t>(count));
  const bool real = sample_kind(format.sample) != SampleKind::integer;
  EXPECT_EQ(
      real ? sf_read_double(file, reals.data(), count) : sf_read_int(file, integers.data(), count),
      count);
  EXPECT_EQ(info.channels, static_cast<int>(format.channels));
  EXPECT_EQ(info.samplerate, static_cast<int>(format.rate_hz));
  sf_close(file);
  return text_of(real ? encoded(format.sample, reals) : encoded(format.sample, integers));
}

TEST(AppendingSink, GrowsWhatIsThereAndKeepsItsFrames) {
  for (const char* name : {"out.raw", "out.wav", "out.w64"}) {
    for (const SampleFormat sample : kAllFormats) {
      if (is_dsd(sample) && std::strcmp(name, "out.raw") != 0) continue;
      SCOPED_TRACE(std::string(name) + " " + name_of(sample));
      const PcmFormat format{sample, 1, 44100};  // u8 and s24 have an odd number of bytes
      const TemporaryDirectory directory;
      const auto bytes = random_samples(format.sample, size_t{3} * 1001 * format.channels);
      const size_t third = bytes.size() / 3;
      for (size_t i = 0; i < 3; ++i) {
        ASSERT_EQ(record(directory / name, format, std::span(bytes).subspan(i * third, third), 7),
                  0);
      }
      const std::string got = std::strcmp(name, "out.raw") == 0
                                  ? text_in(directory / name)
                                  : samples_in(directory / name, format);
      EXPECT_TRUE(got == text_of(bytes)) << got.size() << " of " << bytes.size() << " bytes";
    }
  }
}

TEST(AppendingSink, GrowsNothingElse) {
  for (const std::string ending : {".wav", ".w64"}) {
    SCOPED_TRACE(ending);
    const TemporaryDirectory directory;
    const auto stereo = random_samples(kStereo.sample, 200);
    const auto mono = random_samples(kMono.sample, 300);
    ASSERT_EQ(record(directory / ("out" + ending), kStereo, stereo), 0);
    const std::string before = text_in(directory / ("out" + ending));
    for (const auto& half : {std::span(mono).first(450), std::span(mono).subspan(450)}) {
      ASSERT_EQ(record(directory / ("out" + ending), kMono, half), 0);
    }
    EXPECT_TRUE(text_in(directory / ("out" + ending)) == before);
    EXPECT_TRUE(samples_in(directory / ("out.1" + ending), kMono) == text_of(mono));
  }
}

TEST(AppendingSink, LeavesFilesOfOthersAlone) {
  const TemporaryDirectory directory;
  const auto bytes = random_samples(kStereo.sample, 200);
  for (const char* name : {"a.wav", "a.w64", "a.raw"}) {
    std::ofstream(directory / name) << "five!";
    ASSERT_EQ(record(directory / name, kStereo, bytes), 0);
    EXPECT_EQ(text_in(directory / name), "five!");
    EXPECT_TRUE(std::filesystem::exists(directory / (std::string("a.1") + (name + 1))));
  }
}

/// A process that was killed leaves frames that the header does not count.
TEST(AppendingSink, GoesOnBehindTheDataThatTheHeaderStates) {
  const TemporaryDirectory directory;
  const auto bytes = random_samples(kStereo.sample, 400);
  ASSERT_EQ(record(directory / "out.wav", kStereo, std::span(bytes).first(400)), 0);
  std::ofstream(directory / "out.wav", std::ios::app | std::ios::binary) << "and what came later";
  ASSERT_EQ(record(directory / "out.wav", kStereo, std::span(bytes).subspan(400)), 0);
  EXPECT_TRUE(samples_in(directory / "out.wav", kStereo) == text_of(bytes));
  ASSERT_EQ(truncate((directory / "out.wav").c_str(), 500), 0);
  ASSERT_EQ(record(directory / "out.wav", kStereo, bytes), 0);
  EXPECT_EQ(text_in(directory / "out.wav").size(), 500U) << "that header is not to be believed";
}

/// The samples are a hole in the file, so it takes only a page of the disk.
TEST(AppendingSink, GrowsARecordingOfMoreThanFourGib) {
  const TemporaryDirectory directory;
  const uint64_t data = (uint64_t{4} << 30) + 4000;
  const WavHeader header(kStereo, data);
  std::ofstream(directory / "out.wav", std::ios::binary) << text_of(header.bytes());
  if (truncate((directory / "out.wav").c_str(), static_cast<off_t>(header.bytes().size() + data)) !=
      0) {
    GTEST_SKIP() << "no such large file here: " << std::strerror(errno);
  }
  ASSERT_EQ(record(directory / "out.wav", kStereo, random_samples(kStereo.sample, 200)), 0);
  SF_INFO info{};
  SNDFILE* file = sf_open((directory / "out.wav").c_str(), SFM_READ, &info);
  ASSERT_NE(file, nullptr) << sf_strerror(nullptr);
  EXPECT_EQ(info.frames, static_cast<sf_count_t>(data / 4 + 100));
  EXPECT_EQ(info.format & SF_FORMAT_TYPEMASK, SF_FORMAT_RF64);
  sf_close(file);
}

TEST(AppendingSink, RefusesWhatCannotGrow) {
  const TemporaryDirectory directory;
  const auto refusal = [](const std::string& path) {
    return make_file_sink(path.c_str(), {.append = true}).error();
  };
  ASSERT_EQ(mkfifo((directory / "fifo.raw").c_str(), 0600), 0);
  EXPECT_EQ(refusal(directory / "out.flac"), ENOTSUP);
  EXPECT_EQ(refusal("/dev/null"), ENOTSUP);
  EXPECT_EQ(refusal(directory / "fifo.raw"), ENOTSUP) << "it has no end to go on from";
  EXPECT_EQ(refusal(directory / "out.wav"), 0);
}

}  // namespace
}  // namespace dmasim
