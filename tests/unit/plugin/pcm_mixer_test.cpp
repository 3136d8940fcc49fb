// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/open/pcm_mixer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "plugin/config/loop.h"
#include "plugin/ctl/mixer_elements.h"

namespace dmasim {
namespace {

TEST(RateShift, IsHowLongAPeriodTakes) {
  EXPECT_EQ(shifted_ppm(0, 100000), 0);
  EXPECT_EQ(shifted_ppm(0, 80000), 250000);
  EXPECT_EQ(shifted_ppm(0, 120000), -166667);
  EXPECT_EQ(shifted_ppm(0, 100100), -999);
  EXPECT_EQ(shifted_ppm(-500, 100000), -500);
  EXPECT_EQ(shifted_ppm(100000, 80000), 375000);
  EXPECT_EQ(shifted_ppm(-100000, 120000), -250000);
}

TEST(Loops, AreTheCablesNamedAfterTheCard) {
  const auto loop = loop_with_controls("card", "card.3.31");
  ASSERT_TRUE(loop);
  EXPECT_EQ(loop->device, 3U);
  EXPECT_EQ(loop->subdevice, 31U);
  EXPECT_EQ(loop_cable("card", *loop), "card.3.31");
  EXPECT_TRUE(loop_with_controls("a.1", "a.1.0.0"));
}

TEST(Loops, AreNoOtherCables) {
  for (const char* cable : {"", "card", "card.0", "card.0.", "card.0.0x", "card.0.0.0", "card.00.0",
                            "card.0.01", "card.-1.0", "card.+1.0", "card.4.0", "card.0.32",
                            "other.0.0", "card0.0", "card..0", "card.99999999999.0"}) {
    EXPECT_FALSE(loop_with_controls("card", cable)) << cable;
  }
}

/// The numbers, ids and cells agree, for each possible element.
TEST(MixerElements, AreFoundWhereTheyAre) {
  const MixerElements elements(kMixerDevices, kMixerSubdevices);
  snd_ctl_elem_id_t* id = nullptr;
  snd_ctl_elem_id_alloca(&id);
  std::vector<bool> taken(kMixerCells);
  for (size_t i = 0; i < elements.size(); ++i) {
    elements.fill_id(i, id);
    ASSERT_EQ(elements.find(id), i);
    const MixerElement element = elements.at(i);
    if (!element.writable()) continue;
    ASSERT_FALSE(taken.at(element.cell)) << element.name;
    taken[element.cell] = true;
    ASSERT_EQ(mixer_value_valid(element.cell, static_cast<uint32_t>(element.max)), true);
    ASSERT_EQ(mixer_value_valid(element.cell, static_cast<uint32_t>(element.max) + 1), false);
  }
  EXPECT_EQ(std::count(taken.begin(), taken.end(), true), kMixerCells);
}

/// Each possible state of a loop is within the range of its element.
TEST(MixerElements, HoldWhateverALoopMayPlay) {
  const MixerElements elements(1, 1);
  for (size_t i = 0; i < elements.size(); ++i) {
    const MixerElement element = elements.at(i);
    if (element.kind != MixerElement::Kind::loop_state) continue;
    if (element.state == MixerElement::State::rate) {
      EXPECT_LE(element.min, 4000);
      EXPECT_GE(element.max, 768000);
    } else if (element.state == MixerElement::State::channels) {
      EXPECT_LE(element.min, 1);
      EXPECT_GE(element.max, 32);
    } else if (element.state == MixerElement::State::format) {
      EXPECT_LE(element.min, SND_PCM_FORMAT_U8);
      EXPECT_GE(element.max, SND_PCM_FORMAT_S24_3BE);
    }
  }
}

TEST(MixerElements, AreNotFoundElsewhere) {
  const MixerElements elements(1, 2);
  snd_ctl_elem_id_t* id = nullptr;
  snd_ctl_elem_id_alloca(&id);
  EXPECT_FALSE(elements.find(id));
  elements.fill_id(0, id);
  snd_ctl_elem_id_set_index(id, 1);
  EXPECT_FALSE(elements.find(id));
  elements.fill_id(0, id);
  snd_ctl_elem_id_set_device(id, 1);
  EXPECT_FALSE(elements.find(id));
  elements.fill_id(0, id);
  snd_ctl_elem_id_set_interface(id, SND_CTL_ELEM_IFACE_PCM);
  EXPECT_FALSE(elements.find(id));
  elements.fill_id(4, id);
  snd_ctl_elem_id_set_subdevice(id, 2);
  EXPECT_FALSE(elements.find(id));
}

}  // namespace
}  // namespace dmasim
