// SPDX-License-Identifier: LGPL-2.1-or-later
/// For each number of a configuration: both ends of the accepted range, and the values beyond them.
#include <cerrno>
#include <functional>
#include <vector>

#include "engine/card/names.h"
#include "plugin/config/config_values.h"
#include "plugin/config/ctl_config.h"
#include "plugin/config/loop.h"
#include "plugin/open/pcm_open.h"
#include "tests/unit/plugin/config_fixture.h"

namespace dmasim {
namespace {

struct Limits {
  const char* key;
  int64_t least;
  int64_t most;
  std::function<int64_t(const PcmConfig&)> read;
  const char* beside = "";  ///< other keys, so that the values go together
};

/// For a key with a range, `read` answers the range's lower end. If one number is given, it is both
/// ends.
const std::vector<Limits>& pcm_limits() {
  static const std::vector<Limits> all{
      {"dev", 0, 31, [](const PcmConfig& c) { return c.dev; }},
      {"subdev", 0, INT32_MAX, [](const PcmConfig& c) { return c.subdev.value(); }},
      {"subdevices", 1, 128, [](const PcmConfig& c) { return c.subdevices; }},
      {"channels", 1, 32, [](const PcmConfig& c) { return c.channels.min(); }},
      {"rate", 4000, 768000, [](const PcmConfig& c) { return c.rate_hz.min(); }},
      {"period_bytes", 1, 134217728, [](const PcmConfig& c) { return c.period_bytes.min; },
       "buffer_bytes 268435456"},
      {"buffer_bytes", 2, 268435456, [](const PcmConfig& c) { return c.buffer_bytes.min; },
       "period_bytes 1"},
      {"periods", 1, 65536, [](const PcmConfig& c) { return c.periods.min; }, "period_bytes 1"},
      {"ppm", -100000, 100000, [](const PcmConfig& c) { return c.ppm; }},
      {"rt_priority", 0, 99, [](const PcmConfig& c) { return c.rt_priority; }},
      {"fifo", 0, 65536, [](const PcmConfig& c) { return c.fifo_frames; }},
      {"queue_ms", 1, 60000, [](const PcmConfig& c) { return c.queue_ms; }},
      {"flush_ms", 1, 600000, [](const PcmConfig& c) { return c.flush_ms; }},
  };
  return all;
}

class ConfigLimits : public ConfigTest {
 protected:
  static Result<PcmConfig> parse(const Limits& limits, int64_t value) {
    const std::string text = std::string(limits.key) + ' ' + std::to_string(value) + '\n';
    return open_config(ConfigText(text + limits.beside).get(), SND_PCM_STREAM_PLAYBACK);
  }
};

TEST_F(ConfigLimits, BothEndsOfEveryNumberAreAccepted) {
  for (const Limits& limits : pcm_limits()) {
    for (const int64_t value : {limits.least, limits.most}) {
      const auto config = parse(limits, value);
      ASSERT_TRUE(config) << limits.key << " = " << value << ": " << logged;
      EXPECT_EQ(limits.read(*config), value) << limits.key;
    }
  }
}

TEST_F(ConfigLimits, OneBeyondEitherEndIsRefusedForEveryNumber) {
  for (const Limits& limits : pcm_limits()) {
    for (const int64_t value : {limits.least - 1, limits.most + 1}) {
      logged.clear();
      EXPECT_EQ(parse(limits, value).error(), EINVAL) << limits.key << " = " << value;
      EXPECT_NE(logged.find("accepted"), std::string::npos) << limits.key << ": " << logged;
    }
  }
}

/// The log's line names both ends of the accepted range.
TEST_F(ConfigLimits, BothEndsAreReportedWhereANumberIsRefused) {
  for (const Limits& limits : pcm_limits()) {
    logged.clear();
    ASSERT_FALSE(parse(limits, limits.least - 1)) << limits.key;
    EXPECT_NE(logged.find(std::to_string(limits.least)), std::string::npos) << logged;
    if (limits.most == INT32_MAX) continue;  // "a number from 0 on"
    EXPECT_NE(logged.find(std::to_string(limits.most)), std::string::npos) << logged;
  }
}

/// The default that the documents name, as a value, changes nothing.
TEST_F(ConfigLimits, TheDefaultOfEveryNumberIsTheOneThatIsDocumented) {
  const auto read = [](const Limits& limits, const std::string& text) {
    const auto config = open_config(ConfigText(text).get(), SND_PCM_STREAM_PLAYBACK);
    EXPECT_TRUE(config) << text << ": " << logged;
    return config ? limits.read(*config) : -1;
  };
  for (const Limits& limits : pcm_limits()) {
    const std::string key = limits.key;
    if (key == "subdev" || key == "rate") continue;  // any that is free; has a test of its own
    const std::string documented(find_key(kPcmBlock, key)->by_default);
    EXPECT_EQ(read(limits, key + " \"" + documented + '"'), read(limits, ""))
        << key << ' ' << documented;
  }
}

TEST_F(ConfigLimits, ASlowCallbackTakesUpToAMinute) {
  int64_t ns = -1;
  for (const char* text : {"60s", "60000ms", "60000000us", "60000000000ns"}) {
    EXPECT_TRUE(parse_duration(text, ns)) << text;
    EXPECT_EQ(ns, 60'000'000'000) << text;
  }
  EXPECT_TRUE(parse_duration("0s", ns));
  EXPECT_EQ(ns, 0);
  for (const char* text : {"61s", "60001ms", "60000001us", "60000000001ns", "-1ns", "1", "s", ""}) {
    EXPECT_FALSE(parse_duration(text, ns)) << text;
  }
}

TEST_F(ConfigLimits, PeriodsMayJustFillTheBuffer) {
  const auto parsed = [](const char* text) {
    return open_config(ConfigText(text).get(), SND_PCM_STREAM_PLAYBACK).ok();
  };
  EXPECT_TRUE(parsed("period_bytes 4096\nbuffer_bytes 8192")) << logged;
  EXPECT_FALSE(parsed("period_bytes 4097\nbuffer_bytes 8192"));
  EXPECT_TRUE(parsed("period_bytes 4096\nbuffer_bytes 4096\nperiods 1")) << logged;
}

TEST_F(ConfigLimits, ACardsNameHasUpToFortyEightLetters) {
  EXPECT_TRUE(card_name_valid(std::string(48, 'a')));
  EXPECT_FALSE(card_name_valid(std::string(49, 'a')));
  EXPECT_FALSE(card_name_valid(""));
}

TEST_F(ConfigLimits, AMixerHasControlsForUpToFourDevices) {
  const auto parse_ctl = [](const std::string& text) {
    return parse_ctl_config(ConfigText(text).get());
  };
  for (const unsigned devices : {1U, 4U}) {
    const auto config = parse_ctl("devices " + std::to_string(devices));
    ASSERT_TRUE(config) << logged;
    EXPECT_EQ(config->devices, devices);
  }
  for (const char* text : {"devices 0", "devices 5", "subdevices 0", "subdevices 129"}) {
    EXPECT_EQ(parse_ctl(text).error(), EINVAL) << text;
  }
  for (const unsigned subdevices : {1U, 32U, 128U}) {
    const auto config = parse_ctl("subdevices " + std::to_string(subdevices));
    ASSERT_TRUE(config) << logged;
    EXPECT_EQ(config->subdevices, std::min(subdevices, 32U)) << "the mixer knows no more";
  }
}

}  // namespace
}  // namespace dmasim
