// SPDX-License-Identifier: LGPL-2.1-or-later
/// The parsers of configuration values: numbers, ranges and times. And elements of a mixer, found
/// by their names.
#include "plugin/config/config_values.h"

#include <gtest/gtest.h>

#include "plugin/ctl/mixer_elements.h"
#include "plugin/pcm/pointers.h"

namespace dmasim {
namespace {

template <typename Number>
class ConfigNumbers : public ::testing::Test {};
using Numbers = ::testing::Types<int, unsigned, int64_t>;
TYPED_TEST_SUITE(ConfigNumbers, Numbers);

TYPED_TEST(ConfigNumbers, AreWholeAndWithinBounds) {
  TypeParam number = 77;
  for (const char* text :
       {"", "x", "5x", " 5", "5 ", "0x5", "5.0", "99999999999999999999", "1", "11", "4294967301"}) {
    EXPECT_FALSE(parse_number<TypeParam>(text, 2, 10, number)) << text;
    EXPECT_EQ(number, TypeParam{77}) << text;
  }
  for (const auto& [text, value] : {std::pair("2", 2), {"5", 5}, {"10", 10}, {"007", 7}}) {
    EXPECT_TRUE(parse_number<TypeParam>(text, 2, 10, number)) << text;
    EXPECT_EQ(number, static_cast<TypeParam>(value));
  }
}

TEST(ConfigRanges, AreOneNumberOrTwoInOrder) {
  Range range{1, 2};
  for (const char* text : {"", "-", "5-", "-5", "6-5", "5-11", "1-5", "5-6-7", "a-b"}) {
    EXPECT_FALSE(parse_range(text, 2, 10, range)) << text;
    EXPECT_EQ(range.min, 1U) << text;
    EXPECT_EQ(range.max, 2U) << text;
  }
  EXPECT_TRUE(parse_range("5", 2, 10, range));
  EXPECT_EQ(range.min, 5U);
  EXPECT_EQ(range.max, 5U);
  EXPECT_TRUE(parse_range("2-10", 2, 10, range));
  EXPECT_EQ(range.min, 2U);
  EXPECT_EQ(range.max, 10U);
}

TEST(ConfigLists, AreReadAsOneNumberARangeOrSeveralNumbers) {
  for (const auto& [text, same] : {std::pair("5", "5"),
                                   {"2-10", "2-10"},
                                   {"5-5", "5"},
                                   {"2+10", "2+10"},
                                   {"7,3 5", "3+5+7"},
                                   {"5+5", "5"}}) {
    RangeOrList values;
    EXPECT_TRUE(parse_range_or_list(text, 2, 10, values)) << text;
    EXPECT_EQ(values.text(), same) << text;
  }
}

TEST(ConfigLists, HaveWholeNumbersWithinBoundsAndNoRangeAmongThem) {
  RangeOrList values(Range{3, 4});
  for (const char* text : {"", "+", "5+", "+5", "5++6", "1+5", "5+11", "5+x", "2-3+5", "5+6-7",
                           "6-5", "5;6", "5 + 6", "4294967301+5"}) {
    EXPECT_FALSE(parse_range_or_list(text, 2, 10, values)) << text;
    EXPECT_EQ(values.text(), "3-4") << text;
  }
}

TEST(ConfigLists, AreAscendingWithEachValueOnceAndNoneBetween) {
  RangeOrList values;
  ASSERT_TRUE(parse_range_or_list("8+2+8+6+2", 1, 32, values));
  EXPECT_EQ(values.list(), (std::vector{2U, 6U, 8U}));
  EXPECT_EQ(values.min(), 2U);
  EXPECT_EQ(values.max(), 8U);
  for (unsigned value = 0; value < 40; ++value) {
    EXPECT_EQ(values.contains(value), value == 2 || value == 6 || value == 8) << value;
  }
}

TEST(ConfigLists, OfFormatsHaveEachOfThemOnce) {
  std::vector<SampleFormat> formats;
  ASSERT_TRUE(parse_formats("S32_LE+U8,S16_LE S32_LE", formats));
  EXPECT_EQ(formats, (std::vector{SampleFormat::u8, SampleFormat::s16_le, SampleFormat::s32_le}));
  EXPECT_FALSE(parse_formats("S16_LE++U8", formats));
  EXPECT_EQ(formats.size(), 3U);
}

TEST(ConfigDurations, HaveAUnitAndAreAMinuteAtMost) {
  int64_t ns = -1;
  for (const char* text : {"", "5", "ms", "-1ms", "5 ms", "5m", "61s", "60001ms", "xs"}) {
    EXPECT_FALSE(parse_duration(text, ns)) << text;
    EXPECT_EQ(ns, -1) << text;
  }
  for (const auto& [text, value] : {std::pair("0s", int64_t{0}),
                                    {"7ns", 7},
                                    {"7us", 7'000},
                                    {"2ms", 2'000'000},
                                    {"60s", 60'000'000'000}}) {
    EXPECT_TRUE(parse_duration(text, ns)) << text;
    EXPECT_EQ(ns, value) << text;
  }
}

TEST(ConfigWords, AreYesOrNo) {
  bool answer = false;
  EXPECT_TRUE(parse_yes_or_no("on", answer) && answer);
  EXPECT_TRUE(parse_yes_or_no("false", answer) && !answer);
  EXPECT_FALSE(parse_yes_or_no("perhaps", answer));
  std::string card;
  EXPECT_TRUE(parse_card("a-card", card));
  EXPECT_EQ(card, "a-card");
  EXPECT_FALSE(parse_card("", card));
  EXPECT_FALSE(parse_card(std::string(49, 'a'), card));
  EXPECT_EQ(card, "a-card");
}

class MixerElementNames : public ::testing::Test {
 protected:
  std::optional<size_t> find(const char* name, snd_ctl_elem_iface_t iface, unsigned device,
                             unsigned subdevice, unsigned index = 0) {
    snd_ctl_elem_id_t* id = nullptr;
    snd_ctl_elem_id_alloca(&id);
    snd_ctl_elem_id_set_interface(id, iface);
    snd_ctl_elem_id_set_name(id, name);
    snd_ctl_elem_id_set_device(id, device);
    snd_ctl_elem_id_set_subdevice(id, subdevice);
    snd_ctl_elem_id_set_index(id, index);
    return elements_.find(id);
  }
  const MixerElements elements_{2, 8};
};

TEST_F(MixerElementNames, AreFoundWhereTheyAreAlone) {
  EXPECT_TRUE(find("Master Playback Volume", SND_CTL_ELEM_IFACE_MIXER, 0, 0));
  EXPECT_FALSE(find("Master Playback Volume", SND_CTL_ELEM_IFACE_MIXER, 1, 0));
  EXPECT_FALSE(find("Master Playback Volume", SND_CTL_ELEM_IFACE_MIXER, 0, 1));
  EXPECT_FALSE(find("Master Playback Volume", SND_CTL_ELEM_IFACE_MIXER, 0, 0, 1));
  EXPECT_FALSE(find("Master Playback Volume", SND_CTL_ELEM_IFACE_PCM, 0, 0));
  EXPECT_FALSE(find("Nobody's", SND_CTL_ELEM_IFACE_PCM, 0, 0));
  const auto last = find("PCM Rate Shift 100000", SND_CTL_ELEM_IFACE_PCM, 1, 7);
  ASSERT_TRUE(last);
  EXPECT_EQ(elements_.at(*last).loop.device, 1U);
  EXPECT_EQ(elements_.at(*last).loop.subdevice, 7U);
  EXPECT_FALSE(find("PCM Rate Shift 100000", SND_CTL_ELEM_IFACE_PCM, 2, 0));
  EXPECT_FALSE(find("PCM Rate Shift 100000", SND_CTL_ELEM_IFACE_PCM, 0, 8));
}

TEST(PointersBounds, AreKeptWhereNoneOrABadOneIsGiven) {
  EXPECT_EQ(Pointers::default_boundary(0), 0U);
  Pointers pointers;
  pointers.show_appl_ptr(12);
  EXPECT_EQ(pointers.appl_ptr(), 12U) << "no boundary is known yet";
  pointers.configure(SND_PCM_STREAM_PLAYBACK, 100);
  const auto boundary = pointers.boundary();
  pointers.set_boundary(0);
  EXPECT_EQ(pointers.boundary(), boundary);
  pointers.show_appl_ptr(boundary);
  EXPECT_EQ(pointers.appl_ptr(), 12U);
  pointers.show_appl_ptr(boundary - 1);
  EXPECT_EQ(pointers.appl_ptr(), boundary - 1);
}

}  // namespace
}  // namespace dmasim
