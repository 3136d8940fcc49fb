// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cerrno>

#include "plugin/open/pcm_open.h"
#include "tests/unit/plugin/config_fixture.h"

namespace dmasim {
namespace {

class PcmConfigTest : public ConfigTest {
 protected:
  static Result<PcmConfig> parse(const std::string& text) {
    return open_config(ConfigText(text).get(), SND_PCM_STREAM_PLAYBACK);
  }

  static void expect_refused(const std::string& text, const std::string& key,
                             const std::string& value) {
    logged.clear();
    EXPECT_EQ(parse(text).error(), EINVAL) << text;
    EXPECT_NE(logged.find(key), std::string::npos) << text << " -> " << logged;
    EXPECT_NE(logged.find(value), std::string::npos) << text << " -> " << logged;
    EXPECT_NE(logged.find("accepted"), std::string::npos) << text << " -> " << logged;
  }
};

TEST_F(PcmConfigTest, EmptyValuesAreTheDefaults) {
  const Result<PcmConfig> config = parse("type dmasim\nchannels \"\"\nformat \"\"\nfaults \"\"");
  ASSERT_TRUE(config.ok()) << logged;
  EXPECT_EQ(config->channels.min(), 1u);
  EXPECT_EQ(config->channels.max(), 8u);
  EXPECT_EQ(config->formats.size(), kPcmFormats.size());
  EXPECT_EQ(config->slow_callback_ns, 0);
}

TEST_F(PcmConfigTest, NumbersRangesAndListsAreRead) {
  const Result<PcmConfig> config = parse(
      "channels 2\nrate \"8000-48000\"\nformat \"S16_LE+FLOAT_LE\"\nppm -250\n"
      "completion shared\nfaults \"slow_callback=2ms\"\nfifo 32\nhint { show on }");
  ASSERT_TRUE(config.ok()) << logged;
  EXPECT_EQ(config->channels.min(), 2u);
  EXPECT_EQ(config->channels.max(), 2u);
  EXPECT_EQ(config->rate_hz.min(), 8000u);
  EXPECT_EQ(config->rate_hz.max(), 48000u);
  EXPECT_EQ(config->formats, (std::vector{SampleFormat::s16_le, SampleFormat::float_le}));
  EXPECT_EQ(config->ppm, -250);
  EXPECT_EQ(config->completion, CompletionTopology::shared);
  EXPECT_EQ(config->slow_callback_ns, 2'000'000);
  EXPECT_EQ(config->fifo_frames, 32u);
}

TEST_F(PcmConfigTest, ListsOfRatesAndChannelCountsAreReadWithAndWithoutQuotes) {
  for (const char* text :
       {"channels \"2+6+8\"\nrate \"48000+44100\"", "channels 2+6+8\nrate 48000+44100",
        "channels \"2,6,8\"\nrate \"44100 48000\""}) {
    const Result<PcmConfig> config = parse(text);
    ASSERT_TRUE(config.ok()) << logged;
    EXPECT_EQ(config->channels.text(), "2+6+8") << text;
    EXPECT_EQ(config->rate_hz.text(), "44100+48000") << text;
  }
}

TEST_F(PcmConfigTest, BadValuesAreNamedWithWhatIsAccepted) {
  expect_refused("channels 33", "channels", "33");
  expect_refused("channels 0", "channels", "0");
  expect_refused("channels \"4-2\"", "channels", "4-2");
  expect_refused("channels \"two\"", "channels", "two");
  expect_refused("rate -1", "rate", "-1");
  expect_refused("rate \"48000x\"", "rate", "48000x");
  expect_refused("format S17_LE", "format", "S17_LE");
  expect_refused("format \"S16_LE,\"", "format", "S16_LE,");
  expect_refused("format MPEG", "format", "MPEG");
  expect_refused("channels \"2+33\"", "channels", "2+33");
  expect_refused("channels \"2+4-6\"", "2+4-6", "a list like 2+6");
  expect_refused("rate \"44100+3999\"", "rate", "44100+3999");
  expect_refused("rate \"44100+\"", "44100+", "a list like 44100+48000");
  expect_refused("format \"S16_LE+S17_LE\"", "format", "S16_LE+S17_LE");
  expect_refused("clock sundial", "clock", "sundial");
  expect_refused("ppm 100001", "ppm", "100001");
  expect_refused("completion none", "completion", "none");
  expect_refused("faults \"slow_callback=2\"", "faults", "slow_callback=2");
  expect_refused("faults \"slow_callback=2h\"", "faults", "2h");
  expect_refused("faults \"gremlins\"", "faults", "gremlins");
  expect_refused("buffer_bytes 99999999999999", "buffer_bytes", "99999999999999");
  expect_refused("periods 0", "periods", "0");
  expect_refused("profile sblive", "profile", "sblive");
  expect_refused("profile sblive", "aloop", "dummy");
  expect_refused("chmap FL+XX", "chmap", "FL+XX");
  expect_refused("chmap FL+FL", "FL+FL", "each once");
  expect_refused("rate \"48000-44100\"", "48000-44100", "MIN at most MAX");
  expect_refused("faults \"slow_callback=2ms,slow_callback=3ms\"", "faults", "once");
  expect_refused("chmap \"FL+FR/\"", "chmap", "FL+FR/");
  expect_refused("append perhaps", "append", "perhaps");
  expect_refused("rt_priority 100", "rt_priority", "100");
  expect_refused("channels { min 1 max 2 }", "channels", "no plain value");
}

TEST_F(PcmConfigTest, AProfileGivesTheLimits) {
  const Result<PcmConfig> config = parse("profile aloop");
  ASSERT_TRUE(config.ok()) << logged;
  EXPECT_EQ(config->channels.max(), 32u);
  EXPECT_EQ(config->rate_hz.min(), 8000u);
  EXPECT_EQ(config->rate_hz.max(), 192000u);
  EXPECT_EQ(config->periods.min, 1u);
  EXPECT_EQ(config->periods.max, 1024u);
  EXPECT_FALSE(config->noninterleaved);
  EXPECT_TRUE(config->channel_maps.empty());
}

TEST_F(PcmConfigTest, WhatIsGivenOverridesTheProfileWhereverItStands) {
  const Result<PcmConfig> config =
      parse("rate 44100\nchmap \"FC+LFE\"\nprofile aloop\nformat U8\nperiods \"\"");
  ASSERT_TRUE(config.ok()) << logged;
  EXPECT_EQ(config->rate_hz.min(), 44100u);
  EXPECT_EQ(config->rate_hz.max(), 44100u);
  EXPECT_EQ(config->formats, std::vector{SampleFormat::u8});
  EXPECT_EQ(config->channel_maps, (std::vector<ChannelMap>{{SND_CHMAP_FC, SND_CHMAP_LFE}}));
  EXPECT_EQ(config->periods.max, 1024u);
}

TEST_F(PcmConfigTest, EveryProfileIsNamedWhereOneIsRefused) {
  for (const Profile& profile : profiles()) {
    expect_refused("profile sblive", "profile", std::string(profile.name));
    EXPECT_TRUE(parse("profile " + std::string(profile.name)).ok()) << profile.name;
  }
}

TEST_F(PcmConfigTest, ChannelMapsAreReadOrTakenAway) {
  const Result<PcmConfig> two = parse("chmap \"FL+FR/FL,FR,RL,RR\"");
  ASSERT_TRUE(two.ok()) << logged;
  const std::vector<ChannelMap> expected{{SND_CHMAP_FL, SND_CHMAP_FR},
                                         {SND_CHMAP_FL, SND_CHMAP_FR, SND_CHMAP_RL, SND_CHMAP_RR}};
  EXPECT_EQ(two->channel_maps, expected);
  const Result<PcmConfig> none = parse("chmap none");
  ASSERT_TRUE(none.ok()) << logged;
  EXPECT_TRUE(none->channel_maps.empty());
}

TEST_F(PcmConfigTest, ASubdeviceIsNamedOrAnyOfTheProfilesNumber) {
  const Result<PcmConfig> any = parse("card sound.2\ndev 1");
  ASSERT_TRUE(any.ok()) << logged;
  EXPECT_EQ(any->card, "sound.2");
  EXPECT_EQ(any->dev, 1u);
  EXPECT_FALSE(any->subdev);
  EXPECT_EQ(any->subdevices, 32u);
  EXPECT_EQ(any->cable, "");
  const Result<PcmConfig> named = parse("subdev 9\nprofile aloop");
  ASSERT_TRUE(named.ok()) << logged;
  EXPECT_EQ(named->subdev, 9u);
  EXPECT_EQ(named->subdevices, 8u);
  expect_refused("subdev -1", "subdev", "-1");
  expect_refused("subdevices 129", "subdevices", "129");
  expect_refused("dev 32", "dev", "32");
  expect_refused("card a/b", "card", "a/b");
  expect_refused("loop perhaps", "loop", "perhaps");
}

TEST_F(PcmConfigTest, ALoopIsItsFirstSubdeviceAndHasACable) {
  const Result<PcmConfig> loop = parse("loop yes");
  ASSERT_TRUE(loop.ok()) << logged;
  EXPECT_TRUE(loop->loop);
  EXPECT_EQ(loop->subdev, 0u);
  EXPECT_EQ(loop->cable, "dmasim.0.0");
  const Result<PcmConfig> other = parse("loop yes\nsubdev 3\ncard x\ndev 2");
  ASSERT_TRUE(other.ok()) << logged;
  EXPECT_EQ(other->cable, "x.2.3");
  const Result<PcmConfig> both = parse("loop yes\nsubdev 3\ncable mine");
  ASSERT_TRUE(both.ok()) << logged;
  EXPECT_TRUE(both->loop);
  EXPECT_EQ(both->cable, "mine");
}

TEST_F(PcmConfigTest, WhoNamesACableAloneIsOneMoreAtIt) {
  const Result<PcmConfig> listener = parse("loop yes\ncable dmasim.0.0\nprofile aloop");
  ASSERT_TRUE(listener.ok()) << logged;
  EXPECT_FALSE(listener->loop);
  EXPECT_FALSE(listener->subdev);
  EXPECT_EQ(listener->subdevices, kMostSubdevices);
  const Result<PcmConfig> few = parse("cable mine\nsubdevices 2");
  ASSERT_TRUE(few.ok()) << logged;
  EXPECT_EQ(few->subdevices, 2u);
}

TEST_F(PcmConfigTest, ARefusedFormatIsAnsweredWithAllNames) {
  EXPECT_EQ(parse("format MPEG").error(), EINVAL);
  EXPECT_NE(logged.find("accepted: one or more of U8 S16_LE S16_BE S24_3LE S24_3BE S24_LE S24_BE "
                        "S32_LE S32_BE FLOAT_LE FLOAT_BE FLOAT64_LE FLOAT64_BE DSD_U8 DSD_U16_LE "
                        "DSD_U16_BE DSD_U32_LE DSD_U32_BE, joined by + or ,"),
            std::string::npos)
      << logged;
}

TEST_F(PcmConfigTest, UnknownKeysAreNamed) {
  EXPECT_EQ(parse("chanels 2").error(), EINVAL);
  EXPECT_NE(logged.find("unknown key chanels; did you mean channels?; accepted: profile file"),
            std::string::npos)
      << logged;
  logged.clear();
  EXPECT_EQ(parse("wibble 2").error(), EINVAL);
  EXPECT_NE(logged.find("unknown key wibble; accepted: profile file"), std::string::npos) << logged;
}

TEST_F(PcmConfigTest, KeysOfTheOtherDirectionAreReadAndNamedAsUnused) {
  const auto unused = [](const std::string& text, snd_pcm_stream_t stream) {
    const auto config = open_config(ConfigText(text).get(), stream);
    EXPECT_TRUE(config) << text << ": " << logged;
    return config ? config->unused : std::vector<std::string>{};
  };
  const std::string both = "file \"/tmp/a.wav\"\nappend no\nsource counter\nrate 48000";
  EXPECT_EQ(unused(both, SND_PCM_STREAM_CAPTURE),
            (std::vector<std::string>{"file = \"/tmp/a.wav\" is not used by a capture",
                                      "append = \"no\" is not used by a capture"}));
  EXPECT_EQ(unused(both, SND_PCM_STREAM_PLAYBACK),
            std::vector<std::string>{"source = \"counter\" is not used by a playback"});
  EXPECT_TRUE(unused("file \"\"\nrate 48000", SND_PCM_STREAM_CAPTURE).empty());
  const auto refused = [](const std::string& text, snd_pcm_stream_t stream) {
    return open_config(ConfigText(text).get(), stream).error();
  };
  EXPECT_EQ(refused("source \"tone:much\"", SND_PCM_STREAM_PLAYBACK), EINVAL);
  EXPECT_EQ(refused("file \"100%.wav\"", SND_PCM_STREAM_CAPTURE), EINVAL);
  EXPECT_EQ(refused("queue_ms 0", SND_PCM_STREAM_CAPTURE), EINVAL);
}

}  // namespace
}  // namespace dmasim
