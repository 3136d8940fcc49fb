// SPDX-License-Identifier: LGPL-2.1-or-later
/// libsndfile, the library of other programs, reads from the recording what was played by alsa-lib.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "engine/base/unique_fd.h"
#include "plugin/pcm/alsa_format.h"
#include "tests/alsa/pcm_fixture.h"
#include "tests/alsa/report_file.h"

namespace dmasim::test {
namespace {

constexpr size_t kFrames = 3001;
constexpr unsigned kChannels = 3;

struct SoundFile {
  explicit SoundFile(const std::string& path) : file(sf_open(path.c_str(), SFM_READ, &info)) {}
  ~SoundFile() {
    if (file != nullptr) sf_close(file);
  }
  SoundFile(const SoundFile&) = delete;
  SoundFile& operator=(const SoundFile&) = delete;

  SF_INFO info{};
  SNDFILE* const file;
};

void play(const std::string& path, snd_pcm_format_t format) {
  PcmSetup setup;
  setup.layout = {.format = format, .channels = kChannels};
  setup.buffer_size = 2 * setup.period_size;
  const Pcm pcm = open_playback({{"FILE", path}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const auto frames = pattern_frames(setup.layout, 0, kFrames);
  ASSERT_EQ(write_frames(pcm.get(), frames, setup.layout), kFrames);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
}

/// Tries to read one frame more than there should be.
void expect_pattern(SNDFILE* file, snd_pcm_format_t format) {
  constexpr size_t kSamples = (kFrames + 1) * kChannels;
  const bool real = snd_pcm_format_float(format) == 1;
  std::vector<int> integers(kSamples);
  std::vector<double> reals(kSamples);
  const sf_count_t got = real ? sf_readf_double(file, reals.data(), kFrames + 1)
                              : sf_readf_int(file, integers.data(), kFrames + 1);
  ASSERT_EQ(got, kFrames);
  for (size_t i = 0; i < kFrames * kChannels; ++i) {
    const size_t frame = i / kChannels;
    const auto channel = static_cast<unsigned>(i % kChannels);
    if (real) {
      ASSERT_EQ(reals[i], pattern_real(format, frame, channel)) << "frame " << frame;
    } else {
      ASSERT_EQ(integers[i], pattern_integer(format, frame, channel)) << "frame " << frame;
    }
  }
}

class RecordingFile : public ::testing::TestWithParam<std::tuple<const char*, snd_pcm_format_t>> {};

TEST_P(RecordingFile, HoldsEveryBitOfEverySample) {
  const auto& [ending, format] = GetParam();
  const TemporaryDirectory directory;
  const std::string path = directory.file(std::string("played.") + ending);
  ASSERT_NO_FATAL_FAILURE(play(path, format));
  const SoundFile recording(path);
  ASSERT_NE(recording.file, nullptr) << sf_strerror(nullptr);
  EXPECT_EQ(recording.info.frames, kFrames);
  EXPECT_EQ(recording.info.channels, static_cast<int>(kChannels));
  EXPECT_EQ(recording.info.samplerate, 48000);
  expect_pattern(recording.file, format);
}

std::string recording_name(const ::testing::TestParamInfo<RecordingFile::ParamType>& info) {
  const auto& [ending, format] = info.param;
  std::string name = std::string(ending) + snd_pcm_format_name(format);
  std::erase(name, '_');
  return name;
}

std::vector<snd_pcm_format_t> every_format() {
  std::vector<snd_pcm_format_t> formats;
  for (const SampleFormat format : kPcmFormats) formats.push_back(to_alsa(format));
  return formats;
}

INSTANTIATE_TEST_SUITE_P(Alsa, RecordingFile,
                         ::testing::Combine(::testing::Values("wav", "w64"),
                                            ::testing::ValuesIn(every_format())),
                         recording_name);
INSTANTIATE_TEST_SUITE_P(
    AlsaFlac, RecordingFile,
    ::testing::Combine(::testing::Values("flac"),
                       ::testing::Values(SND_PCM_FORMAT_U8, SND_PCM_FORMAT_S16_LE,
                                         SND_PCM_FORMAT_S24_3BE, SND_PCM_FORMAT_S24_LE)),
    recording_name);

TEST(RecordingFileLimits, FlacIsNotOfferedWhatItCannotHold) {
  const TemporaryDirectory directory;
  const Pcm pcm = open_playback({{"FILE", directory.file("x.flac")}, {"CHANNELS", "1-32"}});
  ASSERT_TRUE(pcm);
  snd_pcm_hw_params_t* hw = nullptr;
  snd_pcm_hw_params_alloca(&hw);
  ASSERT_GE(snd_pcm_hw_params_any(pcm.get(), hw), 0);
  EXPECT_LT(snd_pcm_hw_params_test_format(pcm.get(), hw, SND_PCM_FORMAT_FLOAT_LE), 0);
  EXPECT_LT(snd_pcm_hw_params_test_format(pcm.get(), hw, SND_PCM_FORMAT_S32_LE), 0);
  EXPECT_EQ(snd_pcm_hw_params_test_format(pcm.get(), hw, SND_PCM_FORMAT_S16_LE), 0);
  EXPECT_LT(snd_pcm_hw_params_test_channels(pcm.get(), hw, 9), 0);
  EXPECT_EQ(snd_pcm_hw_params_test_channels(pcm.get(), hw, 8), 0);
}

TEST(RecordingFileLimits, AnotherFormatOnTheSamePcmStartsAnotherFile) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("take.raw");
  const Pcm pcm = open_playback({{"FILE", path}});
  ASSERT_TRUE(pcm);
  PcmSetup setup;
  for (const snd_pcm_format_t format : {SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S32_LE}) {
    setup.layout.format = format;
    ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
    const auto frames = pattern_frames(setup.layout, 0, 500);
    ASSERT_EQ(write_frames(pcm.get(), frames, setup.layout), 500);
    ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
    const std::string recorded =
        format == SND_PCM_FORMAT_S16_LE ? path : directory.file("take.1.raw");
    EXPECT_EQ(first_difference(setup.layout, frames, read_file(recorded)), "");
  }
}

/// The reader opens the FIFO after all has been played: the open of the PCM does not wait for one.
TEST(RecordingFifo, GetsTheRawFramesWhateverItsEnding) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("fifo.wav");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const Pcm pcm = open_playback({{"FILE", path}});
  ASSERT_TRUE(pcm);
  const PcmSetup setup;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const auto frames = pattern_frames(setup.layout, 0, 5000);
  ASSERT_EQ(write_frames(pcm.get(), frames, setup.layout), 5000);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  const UniqueFd reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  std::vector<std::byte> received(frames.size() + 1);
  size_t count = 0;
  for (ssize_t got = 1; got > 0; count += static_cast<size_t>(std::max<ssize_t>(got, 0))) {
    got = read(reader.get(), &received[count], received.size() - count);
  }
  received.resize(count);
  EXPECT_EQ(first_difference(setup.layout, frames, received), "");
}

/// Opens, plays frames `first` to `first` + 500, and closes. Some programs pause in this way.
void play_from(const Arguments& arguments, size_t first) {
  const Pcm pcm = open_playback(arguments);
  ASSERT_TRUE(pcm);
  const PcmSetup setup;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  ASSERT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, first, 500), setup.layout), 500);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
}

std::string dumped(snd_pcm_t* pcm) {
  snd_output_t* output = nullptr;
  EXPECT_GE(snd_output_buffer_open(&output), 0);
  EXPECT_GE(snd_pcm_dump(pcm, output), 0);
  char* text = nullptr;
  const size_t size = snd_output_buffer_string(output, &text);
  std::string all(text, size);
  snd_output_close(output);
  return all;
}

TEST(RecordingFileOfEachOpen, HasTheNextNumber) {
  const TemporaryDirectory directory;
  const FrameLayout layout = PcmSetup{}.layout;
  for (const size_t first : {size_t{0}, size_t{500}}) {
    open_playback({{"FILE", directory.file("take-%n.raw")}});  // an open alone uses no number
    play_from({{"FILE", directory.file("take-%n.raw")}}, first);
  }
  EXPECT_EQ(first_difference(layout, pattern_frames(layout, 0, 500),
                             read_file(directory.file("take-0.raw"))),
            "");
  EXPECT_EQ(first_difference(layout, pattern_frames(layout, 500, 500),
                             read_file(directory.file("take-1.raw"))),
            "");
}

TEST(RecordingFileOfEachOpen, IsNamedInReportAndDump) {
  const TemporaryDirectory directory;
  const std::string pattern = directory.file("take-%n.raw");
  const std::string report = directory.file("report.json");
  const Arguments arguments{{"FILE", pattern}, {"REPORT", report}};
  open_playback(arguments);
  EXPECT_EQ(ReportLine(report).text("file"), pattern) << "which has become nothing";
  Pcm pcm = open_playback(arguments);
  ASSERT_TRUE(pcm);
  const PcmSetup setup;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  EXPECT_NE(dumped(pcm.get()).find("recording to " + pattern + '\n'), std::string::npos);
  ASSERT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, 0, 500), setup.layout), 500);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  std::string made;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    if (entry.path().extension() == ".raw") made = entry.path();
  }
  EXPECT_NE(dumped(pcm.get()).find("recording to " + made + '\n'), std::string::npos);
  pcm.reset();
  EXPECT_EQ(ReportLine(report).text("file"), made);
}

TEST(RecordingFileOfEachOpen, IsOneThatGrowsIfAskedFor) {
  const TemporaryDirectory directory;
  const FrameLayout layout = PcmSetup{}.layout;
  for (const size_t first : {size_t{0}, size_t{500}}) {
    for (const char* name : {"all.raw", "all.wav"}) {
      play_from({{"FILE", directory.file(name)}, {"APPEND", "yes"}}, first);
    }
  }
  const auto frames = pattern_frames(layout, 0, 1000);
  EXPECT_EQ(first_difference(layout, frames, read_file(directory.file("all.raw"))), "");
  SoundFile wav(directory.file("all.wav"));
  ASSERT_NE(wav.file, nullptr) << sf_strerror(nullptr);
  auto recorded = frames;
  EXPECT_EQ(sf_read_raw(wav.file, recorded.data(), static_cast<sf_count_t>(recorded.size())),
            static_cast<sf_count_t>(recorded.size()));
  EXPECT_EQ(wav.info.frames, 1000);
  EXPECT_EQ(first_difference(layout, frames, recorded), "");
}

}  // namespace
}  // namespace dmasim::test
