// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/mixer_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

namespace dmasim {
namespace {

MixerRecord sealed(uint64_t sequence, size_t cell, uint32_t value) {
  MixerRecord record = MixerRecord::defaults();
  record.sequence = sequence;
  record.settings[cell].value = value;
  seal(record);
  return record;
}

std::vector<std::byte> bytes_of(const MixerRecord& record) {
  std::vector<std::byte> bytes(sizeof record);
  std::memcpy(bytes.data(), &record, sizeof record);
  return bytes;
}

uint32_t both(uint32_t volume) { return pack_volume({.left = volume, .right = volume}); }

TEST(MixerRecord, ChangesNoBitByDefault) {
  const MixerRecord record = MixerRecord::defaults();
  EXPECT_TRUE(record.playback_gain().unity());
  EXPECT_TRUE(record.capture_gain().unity());
  for (size_t cell = 0; cell < kMixerCells; ++cell) {
    EXPECT_TRUE(mixer_value_valid(cell, mixer_default(cell))) << cell;
  }
}

TEST(MixerRecord, HasAVolumeOfDecibels) {
  MixerRecord record = MixerRecord::defaults();
  for (uint32_t volume = 1; volume < kMixerVolume0dB; ++volume) {
    record.settings[kPlaybackVolume].value = both(volume);
    const double decibels = 20 * std::log10(record.playback_gain().left);
    ASSERT_NEAR(decibels, -60 + 0.5 * volume, 1e-9) << volume;
  }
  record.settings[kPlaybackVolume].value = both(0);
  EXPECT_EQ(record.playback_gain(), (Gain{.left = 0, .right = 0}));
  EXPECT_TRUE(record.capture_gain().unity()) << "which is another one";
}

TEST(MixerRecord, KnowsLeftFromRight) {
  MixerRecord record = MixerRecord::defaults();
  record.settings[kCaptureVolume].value = pack_volume({.left = kMixerVolume0dB, .right = 0});
  EXPECT_EQ(record.capture_gain(), (Gain{.left = 1, .right = 0}));
}

TEST(MixerRecord, IsSilentWhenSwitchedOff) {
  MixerRecord record = MixerRecord::defaults();
  record.settings[kPlaybackSwitch].value = 0;
  EXPECT_EQ(record.playback_gain(), (Gain{.left = 0, .right = 0}));
}

TEST(MixerRecord, ComesBackWhole) {
  const auto record = decode_record<MixerRecord>(bytes_of(sealed(7, kPlaybackVolume, both(3))));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->settings[kPlaybackVolume].value, both(3));
  EXPECT_EQ(record->sequence, 7U);
}

TEST(MixerRecord, IsNotBelievedWithAFlippedBit) {
  const auto bytes = bytes_of(sealed(7, kPlaybackVolume, both(3)));
  for (size_t bit = 0; bit < bytes.size() * 8; bit += 5) {
    auto broken = bytes;
    broken[bit / 8] ^= std::byte{1} << (bit % 8);
    ASSERT_FALSE(decode_record<MixerRecord>(broken)) << bit;
  }
}

TEST(MixerRecord, IsNotBelievedWhenCutShort) {
  auto bytes = bytes_of(sealed(7, kPlaybackVolume, both(3)));
  bytes.pop_back();
  EXPECT_FALSE(decode_record<MixerRecord>(bytes));
  EXPECT_FALSE(decode_newest<MixerRecord>(bytes));
  EXPECT_FALSE(decode_newest<MixerRecord>({}));
}

/// The record has a right checksum, but a malicious program has made it.
TEST(MixerRecord, IsNotBelievedOutOfBounds) {
  const auto refused = [](uint64_t sequence, size_t cell, uint32_t value) {
    return !decode_record<MixerRecord>(bytes_of(sealed(sequence, cell, value))).has_value();
  };
  EXPECT_FALSE(refused(1, kPlaybackSwitch, 0));
  EXPECT_TRUE(refused(1, kPlaybackSwitch, 2));
  EXPECT_TRUE(refused(1, kPlaybackVolume, kMixerVolume0dB + 1));
  EXPECT_TRUE(refused(1, kCaptureVolume, (kMixerVolume0dB + 1) << 16));
  EXPECT_TRUE(refused(1, rate_shift_cell(0, 0), 0));
  EXPECT_TRUE(refused(1, rate_shift_cell(3, 31), kRateShiftMost + 1));
  EXPECT_TRUE(refused(1, notify_cell(3, 31), UINT32_MAX));
}

TEST(MixerRecord, TakesBothEndsOfEachRange) {
  const size_t shift = rate_shift_cell(1, 2);
  EXPECT_TRUE(mixer_value_valid(shift, kRateShiftLeast));
  EXPECT_TRUE(mixer_value_valid(shift, kRateShiftMost));
  EXPECT_FALSE(mixer_value_valid(shift, kRateShiftLeast - 1));
  EXPECT_FALSE(mixer_value_valid(shift, kRateShiftMost + 1));
  for (const size_t cell : {size_t{kPlaybackVolume}, size_t{kCaptureVolume}}) {
    EXPECT_TRUE(mixer_value_valid(cell, both(0)));
    EXPECT_TRUE(mixer_value_valid(cell, both(kMixerVolume0dB)));
    EXPECT_FALSE(mixer_value_valid(cell, both(kMixerVolume0dB + 1)));
  }
  for (const size_t cell : {size_t{kPlaybackSwitch}, size_t{kCaptureSwitch}, notify_cell(1, 2)}) {
    EXPECT_TRUE(mixer_value_valid(cell, 0));
    EXPECT_TRUE(mixer_value_valid(cell, 1));
    EXPECT_FALSE(mixer_value_valid(cell, 2));
  }
}

TEST(MixerRecord, OfTwoTheNewerOneCounts) {
  auto slots = bytes_of(sealed(8, kPlaybackVolume, both(8)));
  const auto older = bytes_of(sealed(7, kPlaybackVolume, both(7)));
  slots.insert(slots.end(), older.begin(), older.end());
  EXPECT_EQ(decode_newest<MixerRecord>(slots)->sequence, 8U);
  slots[100] ^= std::byte{1};
  EXPECT_EQ(decode_newest<MixerRecord>(slots)->sequence, 7U) << "the other one is torn";
}

TEST(MixerRecord, OfTwoTheNewerOneCountsWhereNumbersWrap) {
  auto slots = bytes_of(sealed(0, kPlaybackVolume, both(8)));
  const auto older = bytes_of(sealed(UINT64_MAX, kPlaybackVolume, both(7)));
  slots.insert(slots.end(), older.begin(), older.end());
  EXPECT_EQ(decode_newest<MixerRecord>(slots)->settings[kPlaybackVolume].value, both(8));
}

TEST(MixerRecord, GivesEachLoopCellsOfItsOwn) {
  std::vector<bool> taken(kMixerCells);
  for (unsigned device = 0; device < kMixerDevices; ++device) {
    for (unsigned subdevice = 0; subdevice < kMixerSubdevices; ++subdevice) {
      for (const size_t cell :
           {rate_shift_cell(device, subdevice), notify_cell(device, subdevice)}) {
        ASSERT_LT(cell, kMixerCells);
        ASSERT_GE(cell, size_t{kFirstLoopCell});
        ASSERT_FALSE(taken[cell]);
        taken[cell] = true;
      }
      EXPECT_EQ(mixer_default(rate_shift_cell(device, subdevice)), kRateShiftNone);
      EXPECT_EQ(mixer_default(notify_cell(device, subdevice)), 0U);
    }
  }
}

}  // namespace
}  // namespace dmasim
