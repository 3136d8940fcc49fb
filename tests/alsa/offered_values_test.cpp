// SPDX-License-Identifier: LGPL-2.1-or-later
/// The rates, formats and channel counts that a PCM offers: each value there can be is tried, and
/// those that are accepted are compared with the list.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cstdlib>

#include "tests/alsa/local_config.h"
#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

using List = std::vector<unsigned>;

/// Beyond the highest rate of any card.
constexpr unsigned kBeyondRates = 800'000;

/// The rates that the kernel has names for, and 4000 Hz.
const List kUsualRates{4000,   5512,   8000,   11025,  12000,  16000,  22050,
                       24000,  32000,  44100,  48000,  64000,  88200,  96000,
                       128000, 176400, 192000, 352800, 384000, 705600, 768000};

/// The values below `end` that are accepted when nothing else is chosen.
template <typename Test>
List accepted(snd_pcm_t* pcm, unsigned end, Test test) {
  snd_pcm_hw_params_t* hw = nullptr;
  snd_pcm_hw_params_alloca(&hw);
  EXPECT_GE(snd_pcm_hw_params_any(pcm, hw), 0);
  List list;
  for (unsigned value = 0; value < end; ++value) {
    if (test(hw, value)) list.push_back(value);
  }
  return list;
}

List rates(snd_pcm_t* pcm, unsigned end = kBeyondRates) {
  return accepted(pcm, end, [=](snd_pcm_hw_params_t* hw, unsigned rate_hz) {
    return snd_pcm_hw_params_test_rate(pcm, hw, rate_hz, 0) == 0;
  });
}

List channel_counts(snd_pcm_t* pcm) {
  return accepted(pcm, 100, [=](snd_pcm_hw_params_t* hw, unsigned channels) {
    return snd_pcm_hw_params_test_channels(pcm, hw, channels) == 0;
  });
}

List formats(snd_pcm_t* pcm) {
  return accepted(pcm, SND_PCM_FORMAT_LAST + 1, [=](snd_pcm_hw_params_t* hw, unsigned format) {
    return snd_pcm_hw_params_test_format(pcm, hw, static_cast<snd_pcm_format_t>(format)) == 0;
  });
}

List from_to(unsigned first, unsigned last) {
  List list;
  for (unsigned value = first; value <= last; ++value) list.push_back(value);
  return list;
}

void set_near(snd_pcm_t* pcm, unsigned& rate_hz) {
  snd_pcm_hw_params_t* hw = nullptr;
  snd_pcm_hw_params_alloca(&hw);
  ASSERT_GE(snd_pcm_hw_params_any(pcm, hw), 0);
  ASSERT_EQ(snd_pcm_hw_params_set_rate_near(pcm, hw, &rate_hz, nullptr), 0);
}

class OfferedValues : public ::testing::TestWithParam<snd_pcm_stream_t> {
 protected:
  static Pcm open(const Arguments& arguments) {
    Opened opened = try_open(arguments, GetParam());
    EXPECT_EQ(opened.error, 0);
    return std::move(opened.pcm);
  }
};

TEST_P(OfferedValues, OfTheDefaultCardAreTheUsualRates) {
  const Pcm pcm = open({});
  ASSERT_TRUE(pcm);
  EXPECT_EQ(rates(pcm.get()), kUsualRates);
  EXPECT_EQ(channel_counts(pcm.get()), from_to(1, 8));
  EXPECT_EQ(formats(pcm.get()).size(), 13U);
}

TEST_P(OfferedValues, OfAListOfRatesAreThese) {
  const Pcm pcm = open({{"RATE", "48000+44100+37801+48000"}});
  ASSERT_TRUE(pcm);
  EXPECT_EQ(rates(pcm.get()), (List{37801, 44100, 48000}));
}

TEST_P(OfferedValues, OfARangeOfRatesAreAllOfIt) {
  const Pcm pcm = open({{"RATE", "44000-48001"}});
  ASSERT_TRUE(pcm);
  EXPECT_EQ(rates(pcm.get(), 60'000), from_to(44000, 48001));
}

TEST_P(OfferedValues, OfAListOfChannelCountsAreTheseAndTheirMaps) {
  const Pcm pcm = open({{"CHANNELS", "8+2+3"}});
  ASSERT_TRUE(pcm);
  EXPECT_EQ(channel_counts(pcm.get()), (List{2, 3, 8}));
  snd_pcm_chmap_query_t** maps = snd_pcm_query_chmaps(pcm.get());
  ASSERT_NE(maps, nullptr);
  List mapped;
  for (auto** map = maps; *map != nullptr; ++map) mapped.push_back((*map)->map.channels);
  snd_pcm_free_chmaps(maps);
  EXPECT_EQ(mapped, (List{2, 8}));
}

TEST_P(OfferedValues, OfAListOfFormatsAreThese) {
  const Pcm pcm = open({{"FORMAT", "S32_LE+S16_LE+S32_LE"}});
  ASSERT_TRUE(pcm);
  EXPECT_EQ(formats(pcm.get()), (List{SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S32_LE}));
}

TEST_P(OfferedValues, OfListsAreUsableInEachCombination) {
  const Pcm pcm = open({{"RATE", "44100+96000"}, {"CHANNELS", "2+6"}, {"FORMAT", "S16_LE+S32_LE"}});
  ASSERT_TRUE(pcm);
  for (const unsigned rate_hz : {44100U, 96000U}) {
    for (const unsigned channels : {2U, 6U}) {
      for (const snd_pcm_format_t format : {SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S32_LE}) {
        EXPECT_EQ(snd_pcm_set_params(pcm.get(), format, SND_PCM_ACCESS_RW_INTERLEAVED, channels,
                                     rate_hz, 0, 100'000),
                  0)
            << rate_hz << ' ' << channels << ' ' << snd_pcm_format_name(format);
      }
    }
  }
}

TEST_P(OfferedValues, MayBeGivenInABlockAndInTheEnvironment) {
  LocalConfig config = LocalConfig::beside_global(
      "pcm.mine { type dmasim rate 44100+48000 channels \"2+6\" format \"S16_LE,S32_LE\" }\n");
  const Opened mine = config.try_open("mine", GetParam());
  ASSERT_EQ(mine.error, 0);
  setenv("DMASIM_RATE", "44100+48000", 1);
  setenv("DMASIM_CHANNELS", "2+6", 1);
  setenv("DMASIM_FORMAT", "S16_LE+S32_LE", 1);
  const Pcm of_environment = open({});
  for (const char* name : {"DMASIM_RATE", "DMASIM_CHANNELS", "DMASIM_FORMAT"}) unsetenv(name);
  for (snd_pcm_t* pcm : {mine.pcm.get(), of_environment.get()}) {
    ASSERT_NE(pcm, nullptr);
    EXPECT_EQ(rates(pcm, 100'000), (List{44100, 48000}));
    EXPECT_EQ(channel_counts(pcm), (List{2, 6}));
    EXPECT_EQ(formats(pcm), (List{SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S32_LE}));
  }
}

TEST_P(OfferedValues, AreApproachedWhereAnotherRateIsAskedFor) {
  const Pcm pcm = open({});
  ASSERT_TRUE(pcm);
  for (const auto& [asked, got] : {std::pair(44099U, 44100U),
                                   {37800U, 32000U},
                                   {46100U, 48000U},
                                   {1U, 4000U},
                                   {900'000U, 768'000U}}) {
    unsigned rate_hz = asked;
    ASSERT_NO_FATAL_FAILURE(set_near(pcm.get(), rate_hz));
    EXPECT_EQ(rate_hz, got) << asked;
  }
}

/// `plug` offers each rate and converts to one of the card's.
TEST_P(OfferedValues, AreNoLimitForAProgramThatUsesPlug) {
  LocalConfig config = LocalConfig::beside_global("\n");
  const Opened opened = config.try_open("plug:" + pcm_name({}), GetParam());
  ASSERT_EQ(opened.error, 0);
  EXPECT_EQ(snd_pcm_set_params(opened.pcm.get(), SND_PCM_FORMAT_S16_LE,
                               SND_PCM_ACCESS_RW_INTERLEAVED, 2, 44099, 1, 100'000),
            0);
}

INSTANTIATE_TEST_SUITE_P(Alsa, OfferedValues,
                         ::testing::Values(SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE),
                         [](const auto& tested) {
                           return std::string(snd_pcm_stream_name(tested.param));
                         });

TEST(OfferedRate, OfASoundFileIsTheFilesEvenIfItIsUnusual) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("odd.wav");
  SF_INFO info{};
  info.samplerate = 22000;
  info.channels = 2;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr);
  const std::vector<short> samples{11, -12, 13, -14, 15, -16};
  ASSERT_EQ(sf_writef_short(file, samples.data(), 3), 3);
  sf_close(file);
  const Pcm pcm = open_capture({{"SOURCE", path}});
  ASSERT_TRUE(pcm);
  EXPECT_EQ(rates(pcm.get(), 100'000), List{22000});
  ASSERT_EQ(snd_pcm_set_params(pcm.get(), SND_PCM_FORMAT_S16_LE, SND_PCM_ACCESS_RW_INTERLEAVED, 2,
                               22000, 0, 100'000),
            0);
  std::vector<short> got(samples.size());
  ASSERT_EQ(snd_pcm_readi(pcm.get(), got.data(), 3), 3);
  EXPECT_EQ(got, samples);
}

TEST(OfferedRate, OfACableInUseIsTheCablesEvenIfItIsUnusual) {
  const Pcm player = open_playback({{"CABLE", "odd"}, {"RATE", "12345"}});
  ASSERT_TRUE(player);
  PcmSetup setup;
  setup.rate_hz = 12345;
  ASSERT_NO_FATAL_FAILURE(configure(player.get(), setup));
  ASSERT_EQ(write_frames(player.get(), std::vector<std::byte>(4000)), 1000);
  ASSERT_EQ(snd_pcm_start(player.get()), 0);
  const Pcm listener = open_capture({{"CABLE", "odd"}});
  ASSERT_TRUE(listener);
  EXPECT_EQ(rates(listener.get(), 100'000), List{12345});
  EXPECT_EQ(set_hw_params(listener.get(), setup), 0);
}

}  // namespace
}  // namespace dmasim::test
