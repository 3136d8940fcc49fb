// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/channel_maps.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>

namespace dmasim {
namespace {

const RangeOrList kOneToEight(Range{1, 8});

struct Freed {
  void operator()(snd_pcm_chmap_t* map) const { std::free(map); }
};
using Answer = std::unique_ptr<snd_pcm_chmap_t, Freed>;

Answer chmap_of(const ChannelMap& positions) {
  const size_t bytes = sizeof(snd_pcm_chmap_t) + positions.size() * sizeof(unsigned);
  Answer map(static_cast<snd_pcm_chmap_t*>(std::calloc(1, bytes)));
  map->channels = static_cast<unsigned>(positions.size());
  std::copy(positions.begin(), positions.end(), map->pos);
  return map;
}

ChannelMap answered(ChannelMaps& maps, unsigned channels) {
  const Answer map(maps.get(channels));
  return map ? ChannelMap(map->pos, map->pos + map->channels) : ChannelMap{};
}

/// The maps of alsa-lib, and of the kernel's snd_pcm_std_chmaps.
TEST(ChannelMapsTest, TheUsualOnesAreTheKernels) {
  const std::vector<ChannelMap> expected{
      {SND_CHMAP_MONO},
      {SND_CHMAP_FL, SND_CHMAP_FR},
      {SND_CHMAP_FL, SND_CHMAP_FR, SND_CHMAP_RL, SND_CHMAP_RR},
      {SND_CHMAP_FL, SND_CHMAP_FR, SND_CHMAP_RL, SND_CHMAP_RR, SND_CHMAP_FC, SND_CHMAP_LFE},
      {SND_CHMAP_FL, SND_CHMAP_FR, SND_CHMAP_RL, SND_CHMAP_RR, SND_CHMAP_FC, SND_CHMAP_LFE,
       SND_CHMAP_SL, SND_CHMAP_SR}};
  EXPECT_EQ(usual_channel_maps(), expected);
}

TEST(ChannelMapsTest, AMapIsAnsweredForItsNumberOfChannelsOnly) {
  ChannelMaps maps(usual_channel_maps(), kOneToEight);
  EXPECT_EQ(answered(maps, 2), (ChannelMap{SND_CHMAP_FL, SND_CHMAP_FR}));
  EXPECT_EQ(answered(maps, 3), ChannelMap{});
  ASSERT_TRUE(maps.set(2, *chmap_of({SND_CHMAP_FL, SND_CHMAP_FR})));
  EXPECT_EQ(answered(maps, 2), (ChannelMap{SND_CHMAP_FL, SND_CHMAP_FR}));
  EXPECT_EQ(answered(maps, 1), ChannelMap{SND_CHMAP_MONO}) << "another one was chosen for two";
}

TEST(ChannelMapsTest, OneIsChosenFromThoseThatThereAre) {
  const ChannelMap front{SND_CHMAP_FL, SND_CHMAP_FR};
  const ChannelMap crossed{SND_CHMAP_FR, SND_CHMAP_FL};
  ChannelMaps maps({front, crossed}, kOneToEight);
  EXPECT_EQ(answered(maps, 2), front);
  ASSERT_TRUE(maps.set(2, *chmap_of(crossed)));
  EXPECT_EQ(answered(maps, 2), crossed);
  EXPECT_EQ(maps.set(2, *chmap_of({SND_CHMAP_RL, SND_CHMAP_RR})).error(), EINVAL);
  EXPECT_EQ(maps.set(4, *chmap_of(front)).error(), EINVAL) << "of other channels";
  EXPECT_EQ(answered(maps, 2), crossed);
}

TEST(ChannelMapsTest, ThoseOfTheCardsChannelsAreKept) {
  ChannelMaps maps(usual_channel_maps(), RangeOrList(Range{2, 6}));
  EXPECT_EQ(answered(maps, 1), ChannelMap{});
  EXPECT_EQ(answered(maps, 2).size(), 2U);
  EXPECT_EQ(answered(maps, 6).size(), 6U);
  EXPECT_EQ(answered(maps, 8), ChannelMap{});
}

TEST(ChannelMapsTest, OfAListOfChannelCountsThoseBetweenHaveNone) {
  ChannelMaps maps(usual_channel_maps(), RangeOrList(std::vector{2U, 8U}));
  EXPECT_EQ(answered(maps, 2).size(), 2U);
  EXPECT_EQ(answered(maps, 4), ChannelMap{});
  EXPECT_EQ(answered(maps, 6), ChannelMap{});
  EXPECT_EQ(answered(maps, 8).size(), 8U);
}

TEST(ChannelMapsTest, AMapHasUpToThirtyTwoPositions) {
  const auto place = [](int i) {
    return std::string(snd_pcm_chmap_name(static_cast<snd_pcm_chmap_position>(SND_CHMAP_FL + i)));
  };
  std::string text = place(0);
  for (int i = 1; i < 32; ++i) text += "+" + place(i);
  std::vector<ChannelMap> maps;
  ASSERT_TRUE(parse_channel_maps(text, maps));
  EXPECT_EQ(maps.at(0).size(), 32U);
  EXPECT_FALSE(parse_channel_maps(text + "+" + place(32), maps));
}

TEST(ChannelMapsTest, APlaceIsOneChannelsOnly) {
  std::vector<ChannelMap> maps;
  EXPECT_FALSE(parse_channel_maps("FL+FR+FL", maps));
  EXPECT_TRUE(parse_channel_maps("FL+FR+NA+NA+UNKNOWN+UNKNOWN", maps)) << "these are no places";
  EXPECT_TRUE(parse_channel_maps("FL+FR/FR+FL", maps));
}

}  // namespace
}  // namespace dmasim
