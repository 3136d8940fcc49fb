// SPDX-License-Identifier: LGPL-2.1-or-later
/// A recording's file type may not hold every rate. The PCM offers only rates that it holds, and
/// records each rate that it offers.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <set>

#include "engine/device/sink.h"
#include "engine/recording/file_sink.h"
#include "tests/alsa/local_config.h"
#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

/// As docs/conf.md lists them.
constexpr std::array kUsualRates{5512U,   8000U,   11025U,  12000U,  16000U,  22050U, 24000U,
                                 32000U,  44100U,  48000U,  64000U,  88200U,  96000U, 128000U,
                                 176400U, 192000U, 352800U, 384000U, 705600U, 768000U};
constexpr snd_pcm_uframes_t kFrames = 16;

bool usual(unsigned rate_hz) {
  return std::find(kUsualRates.begin(), kUsualRates.end(), rate_hz) != kUsualRates.end();
}

struct RecordingCase {
  const char* name;
  const char* ending;
  const char* profile;
  const char* rate;  ///< empty: the profile's
  unsigned min_hz;
  unsigned max_hz;
  bool only_usual;  ///< of the rates between these, only the usual ones are offered
};

void PrintTo(const RecordingCase& recorded, std::ostream* out) { *out << recorded.name; }

/// Each usual rate, both ends of the range, the rates at which FLAC's rule changes, and the
/// neighbours of all of them.
std::set<unsigned> interesting_rates(const RecordingCase& recorded) {
  std::set<unsigned> rates{recorded.min_hz, recorded.max_hz, 65535, 65538, 65539, 655350};
  rates.insert(kUsualRates.begin(), kUsualRates.end());
  for (const unsigned rate_hz : std::set(rates)) rates.insert({rate_hz - 1, rate_hz + 1});
  return rates;
}

PcmSetup setup_at(unsigned rate_hz) {
  PcmSetup setup;
  setup.rate_hz = rate_hz;
  setup.period_size = 64;
  setup.buffer_size = 256;
  return setup;
}

bool offers(snd_pcm_t* pcm, unsigned rate_hz) {
  snd_pcm_hw_params_t* hw = nullptr;
  snd_pcm_hw_params_alloca(&hw);
  EXPECT_GE(snd_pcm_hw_params_any(pcm, hw), 0);
  return snd_pcm_hw_params_test_rate(pcm, hw, rate_hz, 0) == 0;
}

bool file_holds(const std::string& path, unsigned rate_hz) {
  const auto sink = make_file_sink(path.c_str(), {});
  return sink &&
         (*sink)->holds({.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = rate_hz});
}

void play(snd_pcm_t* pcm, unsigned rate_hz) {
  const PcmSetup setup = setup_at(rate_hz);
  ASSERT_NO_FATAL_FAILURE(configure(pcm, setup));
  ASSERT_EQ(write_frames(pcm, pattern_frames(setup.layout, 0, kFrames), setup.layout), kFrames);
  ASSERT_EQ(snd_pcm_drain(pcm), 0);
}

void expect_recorded(const std::string& path, unsigned rate_hz) {
  if (path.ends_with(".raw")) {
    EXPECT_EQ(read_file(path).size(), kFrames * FrameLayout{}.frame_bytes());
    return;
  }
  SF_INFO info{};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  ASSERT_NE(file, nullptr) << sf_strerror(nullptr);
  sf_close(file);
  EXPECT_EQ(info.samplerate, static_cast<int>(rate_hz));
  EXPECT_EQ(info.frames, kFrames);
}

class RecordingRates : public ::testing::TestWithParam<RecordingCase> {
 protected:
  [[nodiscard]] static bool by_rule(unsigned rate_hz) {
    const RecordingCase& recorded = GetParam();
    const bool end = rate_hz == recorded.min_hz || rate_hz == recorded.max_hz;
    return rate_hz >= recorded.min_hz && rate_hz <= recorded.max_hz &&
           (!recorded.only_usual || end || usual(rate_hz));
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file(std::string("played.") + GetParam().ending);
  const Arguments arguments_{
      {"FILE", path_}, {"PROFILE", GetParam().profile}, {"RATE", GetParam().rate}};
};

TEST_P(RecordingRates, AreOfferedIfTheFileHoldsThemAndRecordedIfOffered) {
  size_t recorded = 0;
  for (const unsigned rate_hz : interesting_rates(GetParam())) {
    SCOPED_TRACE(rate_hz);
    Pcm pcm = open_playback(arguments_);
    ASSERT_TRUE(pcm);
    const bool offered = offers(pcm.get(), rate_hz);
    EXPECT_EQ(offered, by_rule(rate_hz) && file_holds(path_, rate_hz));
    if (!offered) continue;
    ASSERT_NO_FATAL_FAILURE(play(pcm.get(), rate_hz));
    pcm.reset();
    ASSERT_NO_FATAL_FAILURE(expect_recorded(path_, rate_hz));
    ++recorded;
  }
  EXPECT_GE(recorded, 14U);
}

INSTANTIATE_TEST_SUITE_P(
    Alsa, RecordingRates,
    ::testing::Values(RecordingCase{"Wav", "wav", "dmasim", "4000-768000", 4000, 768000, false},
                      RecordingCase{"W64", "w64", "dmasim", "4000-768000", 4000, 768000, false},
                      RecordingCase{"Raw", "raw", "dmasim", "4000-768000", 4000, 768000, false},
                      RecordingCase{"Flac", "flac", "dmasim", "4000-768000", 4000, 768000, true},
                      RecordingCase{"UsualWav", "wav", "dmasim", "", 4000, 768000, true},
                      RecordingCase{"UsualFlac", "flac", "dmasim", "", 4000, 768000, true},
                      RecordingCase{"FlacOfAloop", "flac", "aloop", "", 8000, 192000, true}),
    [](const auto& tested) { return std::string(tested.param.name); });

class FlacRates : public ::testing::Test {
 protected:
  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("played.flac");
};

TEST_F(FlacRates, IncludeBothEndsOfRate) {
  const Pcm pcm = open_playback({{"FILE", path_}, {"RATE", "44101-90010"}});
  ASSERT_TRUE(pcm);
  for (const unsigned rate_hz : {44101U, 48000U, 64000U, 88200U, 90010U}) {
    EXPECT_TRUE(offers(pcm.get(), rate_hz)) << rate_hz;
  }
  EXPECT_FALSE(offers(pcm.get(), 44102));
}

TEST_F(FlacRates, AreAllOfARangeWithoutHoles) {
  const Pcm pcm = open_playback({{"FILE", path_}, {"RATE", "4000-65535"}});
  ASSERT_TRUE(pcm);
  for (const unsigned rate_hz : {4001U, 37800U, 65535U}) {
    EXPECT_TRUE(offers(pcm.get(), rate_hz)) << rate_hz;
  }
}

TEST_F(FlacRates, OfWhichNoneIsLeftRefuseTheOpen) {
  const ErrorLog log;
  EXPECT_EQ(try_open({{"FILE", path_}, {"RATE", "88201"}}, SND_PCM_STREAM_PLAYBACK).error, -EINVAL);
  EXPECT_NE(log.text().find("cannot hold any of the formats, channels and rates"),
            std::string::npos)
      << log.text();
}

/// The lower end of RATE is not a rate that a FLAC holds.
TEST_F(FlacRates, MayBeginWithinRate) {
  const Pcm pcm = open_playback({{"FILE", path_}, {"RATE", "70001-100000"}});
  ASSERT_TRUE(pcm);
  EXPECT_FALSE(offers(pcm.get(), 70001));
  for (const unsigned rate_hz : {88200U, 96000U, 100000U}) {
    EXPECT_TRUE(offers(pcm.get(), rate_hz)) << rate_hz;
  }
}

TEST_F(FlacRates, AreWhatPlugConvertsTo) {
  LocalConfig config = LocalConfig::beside_global("\n");
  Opened opened =
      config.try_open("plug:\"" + pcm_name({{"FILE", path_}}) + '"', SND_PCM_STREAM_PLAYBACK);
  ASSERT_EQ(opened.error, 0);
  snd_pcm_t* pcm = opened.pcm.get();
  ASSERT_EQ(snd_pcm_set_params(pcm, SND_PCM_FORMAT_S16_LE, SND_PCM_ACCESS_RW_INTERLEAVED, 2, 88201,
                               1, 20'000),
            0);
  ASSERT_EQ(write_frames(pcm, pattern_frames({}, 0, 500)), 500);
  ASSERT_EQ(snd_pcm_drain(pcm), 0);
  opened.pcm.reset();
  SF_INFO info{};
  SNDFILE* file = sf_open(path_.c_str(), SFM_READ, &info);
  ASSERT_NE(file, nullptr) << sf_strerror(nullptr);
  sf_close(file);
  EXPECT_EQ(info.samplerate, 88200);
}

TEST_F(FlacRates, AreOfferedBesideACable) {
  const Pcm pcm = open_playback({{"FILE", path_}, {"CABLE", "both"}});
  ASSERT_TRUE(pcm);
  EXPECT_FALSE(offers(pcm.get(), 88201));
  ASSERT_NO_FATAL_FAILURE(play(pcm.get(), 88200));
}

/// A cable in use has one rate. Either a FLAC holds it, or the open fails.
TEST_F(FlacRates, OfACableInUseAreItsOwn) {
  for (const unsigned rate_hz : {37801U, 88201U}) {
    const Pcm listener = open_capture({{"CABLE", "used"}, {"RATE", std::to_string(rate_hz)}});
    ASSERT_TRUE(listener);
    ASSERT_NO_FATAL_FAILURE(configure(listener.get(), setup_at(rate_hz)));
    ASSERT_EQ(snd_pcm_start(listener.get()), 0);
    const ErrorLog log;
    const Opened opened = try_open({{"FILE", path_}, {"CABLE", "used"}}, SND_PCM_STREAM_PLAYBACK);
    if (rate_hz == 88201U) {
      EXPECT_EQ(opened.error, -EINVAL);
      continue;
    }
    ASSERT_EQ(opened.error, 0);
    EXPECT_TRUE(offers(opened.pcm.get(), rate_hz));
    EXPECT_FALSE(offers(opened.pcm.get(), 44100));
  }
}

}  // namespace
}  // namespace dmasim::test
