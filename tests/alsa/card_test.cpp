// SPDX-License-Identifier: LGPL-2.1-or-later
/// The properties of a PCM's card: profiles, channel maps, hints, and values from the environment.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "tests/alsa/local_config.h"
#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

using Map = std::vector<unsigned>;

class HwParams {
 public:
  explicit HwParams(snd_pcm_t* pcm) : pcm_(pcm) {
    EXPECT_EQ(snd_pcm_hw_params_malloc(&hw_), 0);
    EXPECT_GE(snd_pcm_hw_params_any(pcm, hw_), 0);
  }
  ~HwParams() { snd_pcm_hw_params_free(hw_); }
  HwParams(const HwParams&) = delete;
  HwParams& operator=(const HwParams&) = delete;

  [[nodiscard]] std::pair<unsigned, unsigned> range(int (*min)(const snd_pcm_hw_params_t*,
                                                               unsigned*),
                                                    int (*max)(const snd_pcm_hw_params_t*,
                                                               unsigned*)) const {
    std::pair<unsigned, unsigned> range;
    EXPECT_EQ(min(hw_, &range.first), 0);
    EXPECT_EQ(max(hw_, &range.second), 0);
    return range;
  }
  [[nodiscard]] std::pair<unsigned, unsigned> channels() const {
    return range(snd_pcm_hw_params_get_channels_min, snd_pcm_hw_params_get_channels_max);
  }
  [[nodiscard]] std::pair<unsigned, unsigned> rates() const {
    std::pair<unsigned, unsigned> range;
    EXPECT_EQ(snd_pcm_hw_params_get_rate_min(hw_, &range.first, nullptr), 0);
    EXPECT_EQ(snd_pcm_hw_params_get_rate_max(hw_, &range.second, nullptr), 0);
    return range;
  }
  [[nodiscard]] std::pair<snd_pcm_uframes_t, snd_pcm_uframes_t> buffer_sizes() const {
    std::pair<snd_pcm_uframes_t, snd_pcm_uframes_t> range;
    EXPECT_EQ(snd_pcm_hw_params_get_buffer_size_min(hw_, &range.first), 0);
    EXPECT_EQ(snd_pcm_hw_params_get_buffer_size_max(hw_, &range.second), 0);
    return range;
  }
  [[nodiscard]] bool has(snd_pcm_format_t format) const {
    return snd_pcm_hw_params_test_format(pcm_, hw_, format) == 0;
  }
  [[nodiscard]] bool has(snd_pcm_access_t access) const {
    return snd_pcm_hw_params_test_access(pcm_, hw_, access) == 0;
  }

 private:
  snd_pcm_t* const pcm_;
  snd_pcm_hw_params_t* hw_ = nullptr;
};

int open_named(const char* name, snd_pcm_stream_t stream) {
  snd_pcm_t* pcm = nullptr;
  const int error = snd_pcm_open(&pcm, name, stream, 0);
  if (error == 0) snd_pcm_close(pcm);
  return error;
}

using Pair = std::pair<unsigned, unsigned>;
using FramePair = std::pair<snd_pcm_uframes_t, snd_pcm_uframes_t>;

TEST(Profiles, AloopOffersWhatTheKernelsCardOffers) {
  const Pcm pcm = open_playback({{"PROFILE", "aloop"}});
  ASSERT_TRUE(pcm);
  const HwParams hw(pcm.get());
  EXPECT_EQ(hw.channels(), Pair(1, 32));
  EXPECT_EQ(hw.rates(), Pair(8000, 192000));
  EXPECT_EQ(hw.buffer_sizes(), FramePair(1, 1048576));
  EXPECT_TRUE(hw.has(SND_PCM_FORMAT_S24_3BE));
  EXPECT_FALSE(hw.has(SND_PCM_FORMAT_U8));
  EXPECT_FALSE(hw.has(SND_PCM_FORMAT_FLOAT64_LE));
  EXPECT_TRUE(hw.has(SND_PCM_ACCESS_MMAP_INTERLEAVED));
  EXPECT_FALSE(hw.has(SND_PCM_ACCESS_RW_NONINTERLEAVED));
  EXPECT_FALSE(hw.has(SND_PCM_ACCESS_MMAP_NONINTERLEAVED));
  EXPECT_EQ(snd_pcm_query_chmaps(pcm.get()), nullptr);
}

TEST(Profiles, DummyOffersWhatTheKernelsCardOffers) {
  const Pcm pcm = open_playback({{"PROFILE", "dummy"}});
  ASSERT_TRUE(pcm);
  const HwParams hw(pcm.get());
  EXPECT_EQ(hw.channels(), Pair(1, 2));
  EXPECT_EQ(hw.rates(), Pair(5500, 48000));
  EXPECT_EQ(hw.buffer_sizes(), FramePair(16, 65536));
  EXPECT_TRUE(hw.has(SND_PCM_FORMAT_U8));
  EXPECT_FALSE(hw.has(SND_PCM_FORMAT_S32_LE));
}

TEST(Profiles, AreOverriddenByWhatIsGiven) {
  const Pcm pcm = open_playback({{"PROFILE", "dummy"}, {"CHANNELS", "6"}, {"RATE", "96000"}});
  ASSERT_TRUE(pcm);
  const HwParams hw(pcm.get());
  EXPECT_EQ(hw.channels(), Pair(6, 6));
  EXPECT_EQ(hw.rates(), Pair(96000, 96000));
  EXPECT_FALSE(hw.has(SND_PCM_FORMAT_S32_LE));
}

TEST(Profiles, UnknownOnesAreRefused) {
  const ErrorLog log;
  EXPECT_EQ(try_open({{"PROFILE", "sblive"}}, SND_PCM_STREAM_PLAYBACK).error, -EINVAL);
  for (const char* word : {"profile", "sblive", "dmasim", "aloop", "dummy"}) {
    EXPECT_NE(log.text().find(word), std::string::npos) << word << ": " << log.text();
  }
}

/// With a single period the whole ring is due at each interrupt.
TEST(Profiles, AloopPlaysFromASinglePeriod) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("played.raw");
  const Pcm pcm = open_playback({{"PROFILE", "aloop"}, {"FILE", path}});
  ASSERT_TRUE(pcm);
  PcmSetup setup;
  setup.period_size = setup.buffer_size = 4800;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const auto data = pattern_frames(setup.layout, 0, 4800);
  ASSERT_EQ(write_frames(pcm.get(), data), 4800);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_EQ(first_difference(setup.layout, data, read_file(path)), "");
}

Map positions(const snd_pcm_chmap_t& map) { return {map.pos, map.pos + map.channels}; }

std::vector<Map> queried(snd_pcm_t* pcm) {
  std::vector<Map> maps;
  snd_pcm_chmap_query_t** all = snd_pcm_query_chmaps(pcm);
  for (size_t i = 0; all != nullptr && all[i] != nullptr; ++i) {
    EXPECT_EQ(all[i]->type, SND_CHMAP_TYPE_FIXED);
    maps.push_back(positions(all[i]->map));
  }
  if (all != nullptr) snd_pcm_free_chmaps(all);
  return maps;
}

Map in_use(snd_pcm_t* pcm) {
  snd_pcm_chmap_t* map = snd_pcm_get_chmap(pcm);
  if (map == nullptr) return {};
  const Map found = positions(*map);
  std::free(map);
  return found;
}

int choose(snd_pcm_t* pcm, const Map& wanted) {
  const size_t bytes = sizeof(snd_pcm_chmap_t) + wanted.size() * sizeof(unsigned);
  auto* map = static_cast<snd_pcm_chmap_t*>(std::calloc(1, bytes));
  map->channels = static_cast<unsigned>(wanted.size());
  std::copy(wanted.begin(), wanted.end(), map->pos);
  const int answer = snd_pcm_set_chmap(pcm, map);
  std::free(map);
  return answer;
}

const Map kStereo{SND_CHMAP_FL, SND_CHMAP_FR};
const Map kSwapped{SND_CHMAP_FR, SND_CHMAP_FL};

/// Programs show this list to the user. alsa-lib leaves out a PCM with arguments that have no
/// default.
TEST(Hints, ListThePcmsAndTheControl) {
  const auto listed = [](const char* interface, const std::string& wanted) {
    void** hints = nullptr;
    EXPECT_EQ(snd_device_name_hint(-1, interface, &hints), 0);
    int found = 0;
    for (void** hint = hints; *hint != nullptr; ++hint) {
      char* name = snd_device_name_get_hint(*hint, "NAME");
      char* description = snd_device_name_get_hint(*hint, "DESC");
      char* direction = snd_device_name_get_hint(*hint, "IOID");
      if (name != nullptr && name == wanted) {
        ++found;
        EXPECT_NE(description, nullptr) << wanted;
        EXPECT_EQ(direction, nullptr) << wanted << " does both";
      }
      std::free(name);
      std::free(description);
      std::free(direction);
    }
    snd_device_name_free_hint(hints);
    return found;
  };
  EXPECT_EQ(listed("pcm", "dmasim"), 1);
  EXPECT_EQ(listed("pcm", "dmasim_loop"), 1);
  EXPECT_EQ(listed("ctl", "dmasim"), 1);
}

TEST(Environment, GivesWayToTheName) {
  setenv("DMASIM_SOURCE", "tone:440", 1);
  EXPECT_EQ(open_named("dmasim_loop", SND_PCM_STREAM_CAPTURE), 0);
  EXPECT_EQ(open_named("dmasim:CABLE=wire", SND_PCM_STREAM_CAPTURE), 0);
  setenv("DMASIM_CABLE", "wire", 1);
  EXPECT_EQ(open_named("dmasim", SND_PCM_STREAM_CAPTURE), -EINVAL) << "both from one place";
  EXPECT_EQ(open_named("dmasim:SOURCE=counter", SND_PCM_STREAM_CAPTURE), 0);
  EXPECT_EQ(open_named("dmasim:SOURCE=''", SND_PCM_STREAM_CAPTURE), 0) << "silence, and no cable";
  unsetenv("DMASIM_CABLE");
  unsetenv("DMASIM_SOURCE");
  EXPECT_EQ(open_named("dmasim:SOURCE=counter,CABLE=wire", SND_PCM_STREAM_CAPTURE), -EINVAL);
}

/// Programs change the environment for their next open. alsa-lib itself would read it only once.
TEST(Environment, IsReadAtEachOpenAndNotByABlockOfOnesOwn) {
  const auto channels_of = [](Opened opened) {
    EXPECT_EQ(opened.error, 0);
    return opened.pcm ? HwParams(opened.pcm.get()).channels().second : 0U;
  };
  LocalConfig local = LocalConfig::beside_global("pcm.mine { type dmasim }");
  for (const unsigned channels : {3U, 5U}) {
    setenv("DMASIM_CHANNELS", std::to_string(channels).c_str(), 1);
    EXPECT_EQ(channels_of(try_open({}, SND_PCM_STREAM_PLAYBACK)), channels);
    EXPECT_EQ(channels_of(local.try_open("dmasim", SND_PCM_STREAM_PLAYBACK)), channels);
    EXPECT_EQ(channels_of(local.try_open("mine", SND_PCM_STREAM_PLAYBACK)), 8U);
  }
  unsetenv("DMASIM_CHANNELS");
  EXPECT_EQ(channels_of(try_open({}, SND_PCM_STREAM_PLAYBACK)), 8U);
}

TEST(ChannelMapsOfACard, AreTheUsualOnes) {
  const Pcm pcm = open_playback({});
  ASSERT_TRUE(pcm);
  const std::vector<Map> maps = queried(pcm.get());
  ASSERT_EQ(maps.size(), 5U);
  EXPECT_EQ(maps[0], Map{SND_CHMAP_MONO});
  EXPECT_EQ(maps[1], kStereo);
  EXPECT_EQ(maps[4].size(), 8U);
  EXPECT_EQ(in_use(pcm.get()), Map{}) << "nothing is set up";
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
  EXPECT_EQ(in_use(pcm.get()), kStereo);
  ASSERT_EQ(snd_pcm_hw_free(pcm.get()), 0);
  EXPECT_EQ(in_use(pcm.get()), Map{});
}

TEST(ChannelMapsOfACard, AreOfTheChannelsThatItOffers) {
  const Pcm pcm = open_playback({{"CHANNELS", "2-4"}});
  ASSERT_TRUE(pcm);
  EXPECT_EQ(queried(pcm.get()).size(), 2U);
}

TEST(ChannelMapsOfACard, AreChosenFromWhatItHas) {
  const Pcm pcm = open_playback({{"CHMAP", "FL+FR/FR+FL/FC+LFE+SL"}});
  ASSERT_TRUE(pcm);
  EXPECT_EQ(queried(pcm.get()).size(), 3U);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
  EXPECT_EQ(in_use(pcm.get()), kStereo);
  EXPECT_EQ(choose(pcm.get(), kStereo), 0) << "that is what it is";
  EXPECT_EQ(choose(pcm.get(), kSwapped), 0);
  EXPECT_EQ(in_use(pcm.get()), kSwapped);
  EXPECT_EQ(choose(pcm.get(), {SND_CHMAP_FL, SND_CHMAP_FL}), -EINVAL);
  EXPECT_EQ(choose(pcm.get(), {SND_CHMAP_FC, SND_CHMAP_LFE, SND_CHMAP_SL}), -EINVAL)
      << "the stream has two channels";
  EXPECT_EQ(in_use(pcm.get()), kSwapped);
}

TEST(ChannelMapsOfACard, AreChosenBeforeTheStart) {
  const Pcm pcm = open_capture({{"CHMAP", "FL+FR/FR+FL"}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  EXPECT_EQ(choose(pcm.get(), kSwapped), -EBADFD);
  EXPECT_EQ(in_use(pcm.get()), kStereo);
}

TEST(ChannelMapsOfACard, MayBeAbsent) {
  const Pcm pcm = open_playback({{"CHMAP", "none"}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
  EXPECT_EQ(snd_pcm_query_chmaps(pcm.get()), nullptr);
  EXPECT_EQ(in_use(pcm.get()), Map{});
  EXPECT_EQ(choose(pcm.get(), kStereo), -ENXIO);
}

}  // namespace
}  // namespace dmasim::test
