// SPDX-License-Identifier: LGPL-2.1-or-later
/// Values that the environment gives, and those of them that the name overrides.
#include "plugin/config/environment.h"

#include <sndfile.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "engine/cable/cable.h"
#include "plugin/config/ctl_config.h"
#include "plugin/open/pcm_open.h"
#include "tests/unit/plugin/config_fixture.h"
#include "tests/unit/runtime_directory.h"

namespace dmasim {
namespace {

constexpr auto kPlayback = SND_PCM_STREAM_PLAYBACK;
constexpr auto kCapture = SND_PCM_STREAM_CAPTURE;

/// Sets variables within its scope.
class Variables {
 public:
  Variables(std::initializer_list<std::pair<std::string, std::string>> values) : values_(values) {
    for (const auto& [name, value] : values_) setenv(name.c_str(), value.c_str(), 1);
  }
  ~Variables() {
    for (const auto& [name, value] : values_) unsetenv(name.c_str());
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

 private:
  const std::vector<std::pair<std::string, std::string>> values_;
};

class EnvironmentTest : public ConfigTest {
 protected:
  /// Opens from a block like the installed ones, with `text` in it.
  static Result<PcmConfig> open(const std::string& text, snd_pcm_stream_t stream) {
    logged.clear();
    return open_config(ConfigText("environment yes\n" + text).get(), stream);
  }
  /// The error of the two steps of an open.
  static int error_of(const std::string& text, snd_pcm_stream_t stream) {
    auto config = open(text, stream);
    return config ? make_parts(*config, stream).error() : config.error();
  }
  [[nodiscard]] std::string sound(const std::string& name, int channels, int rate_hz) const {
    SF_INFO info{};
    info.samplerate = rate_hz;
    info.channels = channels;
    info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    std::string path = runtime_.path() / name;
    sf_close(sf_open(path.c_str(), SFM_WRITE, &info));
    return path;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return runtime_.path() / name; }

  const RuntimeDirectory runtime_;
};

TEST_F(EnvironmentTest, EveryKeyIsReadWhereTheBlockAsksForIt) {
  const Variables set{{"DMASIM_RATE", "48000"}, {"DMASIM_CARD", "desk"}, {"DMASIM_PPM", ""}};
  const auto asked = open("", kPlayback);
  ASSERT_TRUE(asked) << logged;
  EXPECT_EQ(asked->rate_hz.min(), 48000U);
  EXPECT_EQ(asked->card, "desk");
  EXPECT_EQ(asked->ppm, 0) << "set to nothing";
  for (const char* own : {"type dmasim", "environment no", "environment \"\""}) {
    const auto config = open_config(ConfigText(own).get(), kPlayback);
    ASSERT_TRUE(config) << logged;
    EXPECT_EQ(config->rate_hz.min(), 4000U) << own;
    EXPECT_EQ(config->card, "dmasim") << own;
  }
  EXPECT_EQ(open_config(ConfigText("environment perhaps").get(), kPlayback).error(), EINVAL);
  EXPECT_NE(logged.find("environment = \"perhaps\"; accepted: yes or no"), std::string::npos);
}

TEST_F(EnvironmentTest, GivesEveryKeyThatIsNotOfBlocksOnly) {
  const ConfigText asks("environment yes");
  for (const ConfigBlock& block : {kPcmBlock, kCtlBlock}) {
    for (const Key& key : keys()) {
      if (!block.has(key)) continue;
      const Variables set{{environment_name(key.name), "a value"}};
      const auto values = gather_values(block, asks.get());
      ASSERT_TRUE(values) << key.name;
      const GivenValue* given = given_value(*values, key.name);
      EXPECT_EQ(given != nullptr && given->from_environment, !key.of_blocks_only) << key.name;
    }
  }
}

TEST_F(EnvironmentTest, IsReadAtEachOpen) {
  for (const char* card : {"first", "second"}) {
    const Variables set{{"DMASIM_CARD", card}};
    EXPECT_EQ(open("", kPlayback)->card, card);
  }
  EXPECT_EQ(open("", kPlayback)->card, "dmasim");
}

TEST_F(EnvironmentTest, AGivenValueHidesItAlsoAnEmptyOne) {
  const Variables set{{"DMASIM_RATE", "48000"}, {"DMASIM_CARD", "desk"}};
  const auto config = open("rate 44100\ncard \"\"", kPlayback);
  ASSERT_TRUE(config) << logged;
  EXPECT_EQ(config->rate_hz.min(), 44100U);
  EXPECT_EQ(config->card, "dmasim");
}

TEST_F(EnvironmentTest, ARefusalNamesTheVariable) {
  const Variables set{{"DMASIM_RATE", "fast"}};
  EXPECT_EQ(open("", kPlayback).error(), EINVAL);
  EXPECT_NE(logged.find("DMASIM_RATE = \"fast\"; accepted: N, a list like 44100+48000, or MIN-MAX"),
            std::string::npos)
      << logged;
}

TEST_F(EnvironmentTest, MakesNoLoopOfACard) {
  const Variables set{{"DMASIM_LOOP", "yes"}, {"DMASIM_ENVIRONMENT", "perhaps"}};
  const auto config = open("", kPlayback);
  ASSERT_TRUE(config) << logged;
  EXPECT_FALSE(config->loop);
}

TEST_F(EnvironmentTest, IsReadByTheControlAsWell) {
  const Variables set{{"DMASIM_CARD", "desk"}, {"DMASIM_DEVICES", "3"}};
  const auto config = parse_ctl_config(ConfigText("environment yes\ndevices 2").get());
  ASSERT_TRUE(config) << logged;
  EXPECT_EQ(config->card, "desk");
  EXPECT_EQ(config->devices, 2U);
  EXPECT_EQ(parse_ctl_config(ConfigText("type dmasim").get())->card, "dmasim");
}

struct Pair {
  const char* key;
  std::string value;
  const char* other;
  std::string other_value;
  snd_pcm_stream_t stream;
};

/// Tries each pair both ways. The value in the name is used, and the value that excludes it is not.
/// If both come from one place, the open refuses them.
TEST_F(EnvironmentTest, TheNameWinsOverWhatExcludesIt) {
  const auto listener = make_cable_source("busy", std::make_shared<RealtimeClock>());
  constexpr PcmFormat kCarried{.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 44100};
  ASSERT_TRUE(listener->configure(kCarried, 64));
  const std::string stereo = sound("stereo.wav", 2, 44100);
  const std::vector<Pair> pairs{
      {"source", "counter", "cable", "wire", kCapture},
      {"source", stereo, "rate", "48000", kCapture},
      {"source", stereo, "rate", "22050+48000", kCapture},
      {"source", stereo, "channels", "1+4", kCapture},
      {"source", stereo, "channels", "1", kCapture},
      {"source", stereo, "format", "DSD_U8", kCapture},
      {"source", "tone:440", "format", "DSD_U8", kCapture},
      {"cable", "busy", "rate", "48000", kPlayback},
      {"cable", "busy", "rate", "22050+48000", kCapture},
      {"cable", "busy", "channels", "1", kCapture},
      {"cable", "busy", "format", "S32_LE", kCapture},
      {"file", path("a.flac"), "format", "FLOAT_LE", kPlayback},
      {"file", path("a.wav"), "format", "DSD_U8", kPlayback},
      {"file", path("a.flac"), "channels", "9", kPlayback},
      {"file", path("a.flac"), "append", "yes", kPlayback},
      {"period_bytes", "65536", "buffer_bytes", "65536", kPlayback},
      {"period_bytes", "524288", "periods", "4", kPlayback},
      {"period_bytes", "524288", "profile", "dummy", kPlayback},
  };
  for (const Pair& pair : pairs) {
    const std::string first = std::string(pair.key) + " \"" + pair.value + "\"\n";
    const std::string second = std::string(pair.other) + " \"" + pair.other_value + "\"\n";
    const std::string what = first + second;
    EXPECT_EQ(error_of(what, pair.stream), EINVAL) << "in one name: " << what;
    const std::pair env_first(environment_name(pair.key), pair.value);
    const std::pair env_second(environment_name(pair.other), pair.other_value);
    {
      const Variables both{env_first, env_second};
      EXPECT_EQ(error_of("", pair.stream), EINVAL) << "in the environment: " << what;
    }
    for (const bool turned : {false, true}) {
      const Variables set{turned ? env_first : env_second};
      const auto config = open(turned ? second : first, pair.stream);
      ASSERT_TRUE(config) << what << logged;
      ASSERT_EQ(config->unused.size(), 1U) << what;
      EXPECT_EQ(config->unused[0].find(turned ? env_first.first : env_second.first), 0U)
          << config->unused[0];
      EXPECT_EQ(error_of(turned ? second : first, pair.stream), 0) << what << logged;
    }
  }
}

TEST_F(EnvironmentTest, ALoopCapturesItsCableAndNoSource) {
  const Variables set{{"DMASIM_SOURCE", "tone:440"}};
  const auto config = open("loop yes", kCapture);
  ASSERT_TRUE(config) << logged;
  EXPECT_EQ(config->source, "");
  EXPECT_EQ(config->cable, "dmasim.0.0");
  EXPECT_EQ(error_of("loop yes", kCapture), 0) << logged;
  EXPECT_EQ(logged, "");
  EXPECT_EQ(error_of("loop yes\nsource counter", kCapture), EINVAL);
  const Variables cable{{"DMASIM_CABLE", "wire"}};
  EXPECT_EQ(open("loop yes", kCapture)->cable, "wire") << "only the source is left out";
  EXPECT_EQ(error_of("", kCapture), EINVAL) << "both from the environment";
  EXPECT_EQ(error_of("", kPlayback), 0) << "which a playback does not mind";
}

TEST_F(EnvironmentTest, ANamedSubdeviceAndTheirNumberExcludeEachOther) {
  {
    const Variables set{{"DMASIM_SUBDEVICES", "4"}};
    const auto config = open("subdev 9", kPlayback);
    ASSERT_TRUE(config) << logged;
    EXPECT_EQ(config->subdev, 9U);
    EXPECT_EQ(config->subdevices, 32U);
    EXPECT_EQ(open("subdev 3", kPlayback)->subdevices, 4U) << "these agree";
  }
  const Variables set{{"DMASIM_SUBDEV", "9"}};
  EXPECT_FALSE(open("subdevices 4", kPlayback)->subdev);
  EXPECT_FALSE(open("profile aloop", kPlayback)->subdev);
  EXPECT_EQ(open("subdevices 10", kPlayback)->subdev, 9U);
  const auto refused = open("subdevices 4\nsubdev 9", kPlayback);
  ASSERT_TRUE(refused);
  EXPECT_EQ(acquire_subdevice(*refused, kPlayback).error(), EBUSY);
}

/// Only the values that exclude those of the name are left out. Values from one place that exclude
/// each other are still refused.
TEST_F(EnvironmentTest, LosesNoMoreThanItMust) {
  const std::string stereo = sound("stereo.wav", 2, 44100);
  {
    const Variables set{{"DMASIM_RATE", "48000"}, {"DMASIM_CHANNELS", "2"}};
    const auto config = open("source \"" + stereo + '"', kCapture);
    ASSERT_TRUE(config) << logged;
    EXPECT_EQ(config->channels.min(), 2U);
    EXPECT_EQ(config->rate_hz.min(), 4000U);
  }
  const Variables set{{"DMASIM_RATE", "48000"}, {"DMASIM_SOURCE", stereo}};
  EXPECT_EQ(error_of("channels 2", kCapture), EINVAL);
}

TEST_F(EnvironmentTest, AVariableThatIsNearlyAKeyIsNamedOnce) {
  const Variables fine{{"DMASIM_RATE", "48000"},
                       {"DMASIM_DEVICES", "1"},
                       {"DMASIM_UNRELATED", "1"},
                       {"DMASIM_", "1"}};
  ASSERT_TRUE(open("", kPlayback));
  EXPECT_EQ(logged, "");
  const Variables wrong{{"DMASIM_RAET", "1"}, {"DMASIM_card", "1"}};
  ASSERT_TRUE(open_config(ConfigText("type dmasim").get(), kPlayback));
  EXPECT_EQ(logged, "") << "a block of one's own";
  ASSERT_TRUE(open("", kPlayback));
  EXPECT_NE(logged.find("DMASIM_RAET, which is not used; did you mean DMASIM_RATE?"),
            std::string::npos)
      << logged;
  EXPECT_NE(logged.find("DMASIM_card, which is not used; did you mean DMASIM_CARD?"),
            std::string::npos)
      << logged;
  ASSERT_TRUE(open("", kPlayback));
  EXPECT_EQ(logged, "");
}

}  // namespace
}  // namespace dmasim
