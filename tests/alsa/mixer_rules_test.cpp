// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rules for each control of each card, as in the kernel's own mixer-test. A value is within its
/// range. The name says what kind of control it is. A read returns what was written. An invalid
/// value is refused. Each change gives an event, which is there when the write returns. Without a
/// change there is no event.
#include <gtest/gtest.h>

#include <algorithm>
#include <climits>
#include <functional>

#include "tests/alsa/cable_setup.h"
#include "tests/alsa/ctl_fixture.h"

namespace dmasim::test {
namespace {

bool in_range(const Element& element, const Values& values) {
  return values.size() == element.count &&
         std::all_of(values.begin(), values.end(),
                     [&](long value) { return value >= element.min && value <= element.max; });
}

class MixerRules : public ::testing::Test {
 protected:
  MixerRules() { ctl_.subscribe(); }

  void for_each_writable(const std::function<void(const Element&)>& check) {
    unsigned checked = 0;
    for (const Element& element : elements_) {
      if (!element.writable) continue;
      SCOPED_TRACE(element.name + ", subdevice " + std::to_string(element.subdevice));
      ASSERT_NO_FATAL_FAILURE(check(element));
      ++checked;
    }
    EXPECT_EQ(checked, 4 + 2 * kLoops);
  }
  /// Writes, reads back, and counts the events: one if the value has changed, else none.
  void set(const Element& element, const Values& values) {
    const bool changes = ctl_.read(element) != values;
    ASSERT_GE(ctl_.write(element, values), 0);
    ASSERT_EQ(ctl_.read(element), values);
    if (changes) {
      ASSERT_EQ(ctl_.event(), element.numid);
    }
    ASSERT_FALSE(ctl_.readable());
  }

  static constexpr unsigned kLoops = 8;
  const CableRuntime runtime_;
  const Ctl ctl_;
  const std::vector<Element> elements_ = ctl_.elements();
};

TEST_F(MixerRules, ThereAreAsManyAsThereShouldBe) {
  EXPECT_EQ(elements_.size(), 4 + 7 * kLoops);
  for (size_t i = 0; i < elements_.size(); ++i) EXPECT_EQ(elements_[i].numid, i + 1);
}

TEST_F(MixerRules, EachHasAValueInItsRange) {
  for (const Element& element : elements_) {
    EXPECT_TRUE(element.readable);
    EXPECT_TRUE(in_range(element, ctl_.read(element))) << element.name;
  }
}

/// Only snd-aloop's "PCM Notify" breaks this rule.
TEST_F(MixerRules, ASwitchIsWhatCanBeSwitched) {
  for (const Element& element : elements_) {
    const bool named = element.name.ends_with(" Switch");
    const bool boolean = element.type == SND_CTL_ELEM_TYPE_BOOLEAN;
    EXPECT_TRUE(boolean || !named) << element.name;
    if (boolean && element.writable && element.name != "PCM Notify") {
      EXPECT_TRUE(named) << element.name;
    }
  }
}

TEST_F(MixerRules, TheDefaultCanBeWritten) {
  for_each_writable([this](const Element& element) {
    const Values before = ctl_.read(element);
    ASSERT_NO_FATAL_FAILURE(set(element, before));
  });
}

/// If the range is wide, it tries some values in each part of it.
TEST_F(MixerRules, EachValidValueIsReadBackAndNotified) {
  for_each_writable([this](const Element& element) {
    const Values before = ctl_.read(element);
    Values values = before;
    const long step = std::max(1L, (element.max - element.min) / 997);
    for (long& value : values) {
      for (value = element.min; value + step <= element.max; value += step) {
        ASSERT_NO_FATAL_FAILURE(set(element, values));
      }
      value = element.max;
      ASSERT_NO_FATAL_FAILURE(set(element, values));
    }
    ASSERT_NO_FATAL_FAILURE(set(element, before));
  });
}

TEST_F(MixerRules, AnInvalidValueIsRefusedAndChangesNothing) {
  for_each_writable([this](const Element& element) {
    const Values before = ctl_.read(element);
    for (unsigned i = 0; i < element.count; ++i) {
      for (const long value : {element.min - 1, element.max + 1, LONG_MIN, LONG_MAX}) {
        Values values = before;
        values[i] = value;
        EXPECT_EQ(ctl_.write(element, values), -EINVAL) << value;
        EXPECT_EQ(ctl_.read(element), before);
        EXPECT_FALSE(ctl_.readable());
      }
    }
  });
}

TEST_F(MixerRules, WhatIsReadOnlyCannotBeWritten) {
  unsigned checked = 0;
  for (const Element& element : elements_) {
    if (element.writable) continue;
    EXPECT_EQ(ctl_.write(element, {1}), -EPERM) << element.name;
    EXPECT_FALSE(ctl_.readable());
    ++checked;
  }
  EXPECT_EQ(checked, 5 * kLoops);
}

TEST_F(MixerRules, WhatIsNotThereIsNotFound) {
  Element stranger;
  stranger.numid = static_cast<unsigned>(elements_.size()) + 1;
  EXPECT_EQ(ctl_.write(stranger, {1}), -ENOENT);
}

TEST(MixerDecibels, GoFromSilenceTo0) {
  const CableRuntime runtime;
  const Ctl ctl;
  for (const char* name : {"Master Playback Volume", "Capture Volume"}) {
    const ElementId id(ctl.find(name));
    long least = 0;
    long most = 0;
    ASSERT_EQ(snd_ctl_get_dB_range(ctl.get(), id.get(), &least, &most), 0);
    EXPECT_EQ(most, 0);
    EXPECT_EQ(least, SND_CTL_TLV_DB_GAIN_MUTE);
    long gain = 0;
    ASSERT_EQ(snd_ctl_convert_to_dB(ctl.get(), id.get(), 60, &gain), 0);
    EXPECT_EQ(gain, -3000);
    long volume = 0;
    ASSERT_EQ(snd_ctl_convert_from_dB(ctl.get(), id.get(), 0, &volume, 0), 0);
    EXPECT_EQ(volume, ctl.find(name).max);
  }
}

}  // namespace
}  // namespace dmasim::test
