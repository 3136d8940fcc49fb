// SPDX-License-Identifier: LGPL-2.1-or-later
/// Impossible configurations: the open answers an errno, logs a helpful message, and leaves nothing
/// behind.
#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "tests/alsa/local_config.h"
#include "tests/alsa/pcm_fixture.h"
#include "tests/alsa/process_view.h"
#include "tests/alsa/report_file.h"
#include "tests/unit/unprivileged.h"

namespace dmasim::test {
namespace {

constexpr auto kPlayback = SND_PCM_STREAM_PLAYBACK;
constexpr auto kCapture = SND_PCM_STREAM_CAPTURE;

class Refusal : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(open_playback({}));  // the module is loaded now and stays
    before_ = first_footprint();
  }
  void TearDown() override { EXPECT_EQ(settled_footprint(before_), before_); }

  /// The message must contain each of `words`.
  static void expect_refused(const std::string& name, const std::function<Opened()>& open,
                             int error, const std::vector<std::string>& words) {
    const ErrorLog log;
    EXPECT_EQ(open().error, error) << name;
    const std::string text = log.text();
    for (const std::string& word : words) {
      EXPECT_TRUE(text.find(word) != std::string::npos)
          << name << ": \"" << word << "\" is not in: " << text;
    }
  }
  static void expect_refused(const Arguments& arguments, snd_pcm_stream_t stream, int error,
                             const std::vector<std::string>& words) {
    expect_refused(
        pcm_name(arguments), [&] { return try_open(arguments, stream); }, error, words);
  }

  Footprint before_;
  const TemporaryDirectory directory_;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

TEST_F(Refusal, OfAValueNamesTheKeyTheValueAndWhatIsAccepted) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> values{
      {"CHANNELS",
       {"0", "33", "-1", "99999999999999999999", "2-1", "1-", "two", "2x", "1-33", "2+33", "2+",
        "1-2+6"}},
      {"RATE",
       {"3999", "768001", "-48000", "48000.5", "48k", "4000--8000", "44100+3999", "+48000",
        "44100++48000", "44100-48000+96000"}},
      {"PERIOD_BYTES", {"0", "134217729", "-5", "4294967297"}},
      {"BUFFER_BYTES", {"1", "268435457", "-1"}},
      {"PERIODS", {"0", "65537", "2-65537"}},
      {"PROFILE", {"sblive", "Aloop"}},
      {"CHMAP", {"FL+XX", "FL+FR/", "+"}},
      {"FORMAT", {"S17_LE", "S16_LE+", "IMA_ADPCM", "+", "S16_LE S99"}},
      {"CLOCK", {"fast", "REALTIME"}},
      {"PPM", {"100001", "-100001", "1.5", "x"}},
      {"COMPLETION", {"both", "Shared"}},
      {"RT_PRIORITY", {"100", "-1"}},
      {"FIFO", {"65537", "-1"}},
      {"APPEND", {"perhaps", "2"}},
      {"QUEUE_MS", {"0", "60001"}},
      {"FLUSH_MS", {"0", "600001"}},
      {"FAULTS", {"explode", "slow_callback=2", "slow_callback=61s", "slow_callback=-1ms"}},
  };
  for (const auto& [key, texts] : values) {
    for (const std::string& text : texts) {
      for (const snd_pcm_stream_t stream : {kPlayback, kCapture}) {
        expect_refused({{key, text}}, stream, -EINVAL, {lower(key), text, "accepted"});
      }
    }
  }
}

TEST_F(Refusal, OfSizesThatContradictEachOtherNamesBoth) {
  expect_refused({{"PERIOD_BYTES", "1000"}, {"BUFFER_BYTES", "1500"}}, kPlayback, -EINVAL,
                 {"period_bytes", "1000", "buffer_bytes", "1500"});
}

TEST_F(Refusal, OfAToneThatIsNone) {
  for (const char* tone : {"nonsense", "", "-1", "0", "nan", "inf", "1e99", "440x", "384001"}) {
    expect_refused({{"SOURCE", std::string("tone:") + tone}}, kCapture, -EINVAL,
                   {"source", std::string("tone:") + tone, "accepted"});
  }
}

TEST_F(Refusal, OfAnUnknownKeyNamesIt) {
  LocalConfig config = LocalConfig::beside_global("pcm.odd { type dmasim chanels 2 }\n");
  expect_refused("odd", [&] { return config.try_open("odd", kPlayback); }, -EINVAL,
                 {"dmasim", "chanels"});
}

TEST_F(Refusal, OfACompoundInPlaceOfAValue) {
  for (const char* key : {"channels", "file", "format", "ppm"}) {
    LocalConfig config = LocalConfig::beside_global(std::string("pcm.odd { type dmasim ") + key +
                                                    " { a 1 b 2 } }\n");
    expect_refused(key, [&] { return config.try_open("odd", kPlayback); }, -EINVAL,
                   {key, "accepted"});
  }
}

TEST_F(Refusal, IsNotForNumbersWithoutQuotesAndEmptyValues) {
  LocalConfig config = LocalConfig::beside_global(
      "pcm.fine { type dmasim comment \"x\" channels 2 rate 48000 ppm -5 format \"\" file \"\" "
      "}\n");
  EXPECT_EQ(config.try_open("fine", kPlayback).error, 0);
  EXPECT_EQ(config.try_open("fine", kCapture).error, 0);
}

TEST_F(Refusal, OfRecordingsThatCannotBe) {
  const std::string nowhere = directory_.file("missing/played.wav");
  expect_refused({{"FILE", nowhere}}, kPlayback, -ENOENT, {"file", nowhere, "accepted"});
  const std::string folder = directory_.file("folder.wav");
  std::filesystem::create_directory(folder);
  expect_refused({{"FILE", folder}}, kPlayback, -EISDIR, {"file", folder, "accepted"});
  const std::string file_as_folder = directory_.file("file.wav");
  std::ofstream(file_as_folder) << "x";
  expect_refused({{"FILE", file_as_folder + "/x.wav"}}, kPlayback, -ENOTDIR, {"file", "accepted"});
  for (const char* name : {"played.mp3", "played", "wav"}) {
    const std::string path = directory_.file(name);
    expect_refused({{"FILE", path}}, kPlayback, -EINVAL, {"file", path, "accepted", ".wav"});
  }
  const std::string pipe = directory_.file("pipe.raw");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  expect_refused({{"FILE", pipe}, {"APPEND", "yes"}}, kPlayback, -EINVAL,
                 {"file", pipe, "FIFO", "accepted"});
}

TEST_F(Refusal, OfSourcesThatCannotBe) {
  const std::string missing = directory_.file("missing.wav");
  expect_refused({{"SOURCE", missing}}, kCapture, -ENOENT, {"source", missing, "accepted"});
  expect_refused({{"SOURCE", directory_.path()}}, kCapture, -EISDIR, {"source", "accepted"});
  const std::string text = directory_.file("text.wav");
  std::ofstream(text) << "This is no sound file, although it is long enough to be one.";
  expect_refused({{"SOURCE", text}}, kCapture, -EINVAL, {"source", text, "accepted"});
  const std::string empty = directory_.file("empty.wav");
  std::ofstream{empty};
  expect_refused({{"SOURCE", empty}}, kCapture, -EINVAL, {"source", empty, "accepted"});
}

/// Makes a sound file of 44100 Hz without frames.
void make_sound_file(const std::string& path, int channels) {
  SF_INFO info{};
  info.channels = channels;
  info.samplerate = 44100;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(sf_close(file), 0);
}

TEST_F(Refusal, OfASourceWhoseShapeIsNotOffered) {
  const std::string path = directory_.file("stereo.wav");
  ASSERT_NO_FATAL_FAILURE(make_sound_file(path, 2));
  expect_refused({{"SOURCE", path}, {"RATE", "48000"}}, kCapture, -EINVAL,
                 {"source", path, "2", "44100", "rate", "48000"});
  expect_refused({{"SOURCE", path}, {"CHANNELS", "4"}}, kCapture, -EINVAL,
                 {"source", path, "2", "44100", "channels", "4"});
  expect_refused({{"SOURCE", path}, {"CHANNELS", "4+6"}, {"RATE", "22050+48000"}}, kCapture,
                 -EINVAL, {"2 channels at 44100 Hz", "channels = 4+6", "rate = 22050+48000"});
  EXPECT_EQ(try_open({{"SOURCE", path}}, kCapture).error, 0);
}

TEST_F(Refusal, OfASourceWithMoreChannelsThanWereAskedFor) {
  const std::string path = directory_.file("stereo.wav");
  ASSERT_NO_FATAL_FAILURE(make_sound_file(path, 2));
  expect_refused({{"SOURCE", path}, {"CHANNELS", "1"}}, kCapture, -EINVAL,
                 {"source", path, "2", "44100", "channels", "1"});
}

TEST_F(Refusal, OfFilesWithoutPermission) {
  if (!unprivileged_has_files()) GTEST_SKIP() << "only root can use files here";
  for (const char* name : {"old.wav", "secret.wav"}) std::ofstream(directory_.file(name)) << "x";
  ASSERT_EQ(chmod(directory_.file("old.wav").c_str(), 0444), 0);
  ASSERT_EQ(chmod(directory_.file("secret.wav").c_str(), 0), 0);
  ASSERT_NO_FATAL_FAILURE(make_sound_file(directory_.file("open.wav"), 2));
  ASSERT_EQ(chmod(directory_.file("open.wav").c_str(), 0444), 0);
  ASSERT_EQ(chmod(directory_.path().c_str(), 0555), 0);
  LocalConfig config = LocalConfig::beside_global("\n");
  const ErrorLog log;
  {
    const Unprivileged somebody;
    const auto open = [&](const char* key, const char* file, snd_pcm_stream_t stream) {
      return config.try_open(pcm_name({{key, directory_.file(file)}}), stream).error;
    };
    EXPECT_EQ(open("SOURCE", "open.wav", kCapture), 0) << "the directory is no obstacle";
    EXPECT_EQ(open("FILE", "new.wav", kPlayback), -EACCES);
    EXPECT_EQ(open("FILE", "old.wav", kPlayback), -EACCES);
    EXPECT_EQ(open("SOURCE", "secret.wav", kCapture), -EACCES);
  }
  EXPECT_TRUE(log.text().find("new.wav") != std::string::npos) << log.text();
  ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
}

TEST_F(Refusal, OfAnotherCompletionWhileTheCardIsOpen) {
  const Pcm first = open_playback({});
  ASSERT_TRUE(first);
  expect_refused({{"COMPLETION", "shared"}}, kCapture, -EBUSY, {"dmasim", "completion"});
  EXPECT_EQ(try_open({}, kCapture).error, 0);
}

/// The report is written at close, where the program gets no error. So a report that cannot be
/// written is refused at open.
TEST_F(Refusal, OfAReportThatCannotBeWritten) {
  const TemporaryDirectory directory;
  ASSERT_EQ(mkfifo(directory.file("pipe").c_str(), 0600), 0);
  for (const auto& [path, error] : {std::pair(directory.file("pipe"), ENXIO),
                                    {directory.file("missing/report"), ENOENT},
                                    {directory.file(""), EISDIR}}) {
    const ErrorLog log;
    EXPECT_EQ(try_open({{"REPORT", path}}, SND_PCM_STREAM_PLAYBACK).error, -error) << path;
    EXPECT_NE(log.text().find("report = \"" + path + "\""), std::string::npos) << log.text();
    EXPECT_NE(log.text().find("accepted: a file, a character device"), std::string::npos);
  }
  EXPECT_EQ(try_open({{"REPORT", "/dev/stderr"}}, SND_PCM_STREAM_PLAYBACK).error, 0);
}

/// The program only opens and closes the PCM, so the report has no format.
TEST(Report, OfAPcmThatWasNeverSetUpHasNoFormat) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("report");
  ASSERT_EQ(try_open({{"REPORT", path}}, SND_PCM_STREAM_PLAYBACK).error, 0);
  const ReportLine line(path);
  for (const char* key : {"format", "channels", "rate", "period_size", "buffer_size"}) {
    EXPECT_TRUE(line.is_null(key)) << key;
  }
}

}  // namespace
}  // namespace dmasim::test
