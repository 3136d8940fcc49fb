// SPDX-License-Identifier: LGPL-2.1-or-later
/// The record in a card's mixer file, and the checks that it has to pass.
///
/// PURE. Any process of the user may have written the file, which holds two slots of a MixerRecord;
/// see engine/card/two_slots.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/card/two_slots.h"
#include "engine/pcm/gain.h"

namespace dmasim {

/// A volume is a number of half decibels above -60 dB. The lowest one, 0, is silence.
inline constexpr uint32_t kMixerVolume0dB = 120;
inline constexpr int kMixerVolumeLeastCentibels = -6000;  ///< 1/100 dB, as ALSA counts
inline constexpr int kMixerVolumeStepCentibels = 50;

/// The length of a loop's period, in 1/100000 of the nominal length: more is slower.
inline constexpr uint32_t kRateShiftLeast = 80000;
inline constexpr uint32_t kRateShiftNone = 100000;
inline constexpr uint32_t kRateShiftMost = 120000;

/// The loops of the first devices and subdevices have cells of their own; further ones have none.
inline constexpr unsigned kMixerDevices = 4;
inline constexpr unsigned kMixerSubdevices = 32;

/// A setting of the mixer: an index into the record.
enum MixerCell : size_t {
  kPlaybackVolume,  ///< see pack_volume()
  kPlaybackSwitch,  ///< 0 or 1
  kCaptureVolume,
  kCaptureSwitch,
  kFirstLoopCell,  ///< from here on each loop has two
};
inline constexpr size_t kMixerCells = kFirstLoopCell + size_t{2} * kMixerDevices * kMixerSubdevices;

[[nodiscard]] constexpr size_t loop_cell(unsigned device, unsigned subdevice) noexcept {
  return kFirstLoopCell + 2 * (size_t{device} * kMixerSubdevices + subdevice);
}
[[nodiscard]] constexpr size_t rate_shift_cell(unsigned device, unsigned subdevice) noexcept {
  return loop_cell(device, subdevice);
}
[[nodiscard]] constexpr size_t notify_cell(unsigned device, unsigned subdevice) noexcept {
  return loop_cell(device, subdevice) + 1;
}

struct StereoVolume {
  uint32_t left;
  uint32_t right;
};
[[nodiscard]] constexpr uint32_t pack_volume(const StereoVolume& volume) noexcept {
  return volume.left | volume.right << 16;
}
[[nodiscard]] constexpr StereoVolume unpack_volume(uint32_t value) noexcept {
  return {.left = value & 0xffff, .right = value >> 16};
}

/// The value of a cell that nobody has written: 0 dB, on, no shift, no notify.
[[nodiscard]] uint32_t mixer_default(size_t cell) noexcept;
[[nodiscard]] bool mixer_value_valid(size_t cell, uint32_t value) noexcept;

/// Has only words as members, as they lie in the file.
struct MixerRecord {
  static constexpr uint64_t kMagic = 0x317265786d6d64;  // "dmmxer1"
  static constexpr size_t kSlotBytes = (3 + kMixerCells) * sizeof(uint64_t);

  struct Setting {
    uint32_t value;
    uint32_t changes;  ///< counts changes, so that a change there and back shows
  };

  uint64_t magic;
  uint64_t sequence;  ///< 0 in defaults()
  std::array<Setting, kMixerCells> settings;
  uint64_t checksum;

  [[nodiscard]] static MixerRecord defaults() noexcept;
  [[nodiscard]] bool plausible() const noexcept;

  [[nodiscard]] Gain playback_gain() const noexcept {
    return gain_of(kPlaybackVolume, kPlaybackSwitch);
  }
  [[nodiscard]] Gain capture_gain() const noexcept {
    return gain_of(kCaptureVolume, kCaptureSwitch);
  }

 private:
  [[nodiscard]] Gain gain_of(size_t volume, size_t on) const noexcept;
};
static_assert(sizeof(MixerRecord) == MixerRecord::kSlotBytes);

}  // namespace dmasim
