// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/mixer_record.h"

#include <cmath>

namespace dmasim {
namespace {

constexpr bool is_volume(size_t cell) noexcept {
  return cell == kPlaybackVolume || cell == kCaptureVolume;
}

constexpr bool is_rate_shift(size_t cell) noexcept {
  return cell >= kFirstLoopCell && (cell - kFirstLoopCell) % 2 == 0;
}

/// Exactly 1 at 0 dB, and 0 at the lowest volume.
double factor_of(uint32_t volume) noexcept {
  if (volume == 0) return 0;
  if (volume >= kMixerVolume0dB) return 1;
  const double centibels =
      kMixerVolumeLeastCentibels + kMixerVolumeStepCentibels * static_cast<double>(volume);
  return std::pow(10, centibels / 2000);
}

constexpr uint32_t default_of(size_t cell) noexcept {
  if (is_volume(cell)) return pack_volume({.left = kMixerVolume0dB, .right = kMixerVolume0dB});
  if (is_rate_shift(cell)) return kRateShiftNone;
  return cell == kPlaybackSwitch || cell == kCaptureSwitch ? 1 : 0;
}

constexpr MixerRecord make_defaults() noexcept {
  MixerRecord record{.magic = MixerRecord::kMagic, .sequence = 0, .settings = {}, .checksum = 0};
  for (size_t cell = 0; cell < kMixerCells; ++cell) {
    record.settings[cell].value = default_of(cell);
  }
  return record;
}

/// Each open of a loop needs some copies of it.
constexpr MixerRecord kDefaults = make_defaults();

}  // namespace

uint32_t mixer_default(size_t cell) noexcept { return default_of(cell); }

bool mixer_value_valid(size_t cell, uint32_t value) noexcept {
  if (is_volume(cell)) {
    const StereoVolume volume = unpack_volume(value);
    return volume.left <= kMixerVolume0dB && volume.right <= kMixerVolume0dB;
  }
  if (is_rate_shift(cell)) return value >= kRateShiftLeast && value <= kRateShiftMost;
  return value <= 1;
}

MixerRecord MixerRecord::defaults() noexcept { return kDefaults; }

Gain MixerRecord::gain_of(size_t volume, size_t on) const noexcept {
  if (settings[on].value == 0) return {.left = 0, .right = 0};
  const StereoVolume stereo = unpack_volume(settings[volume].value);
  return {.left = factor_of(stereo.left), .right = factor_of(stereo.right)};
}

bool MixerRecord::plausible() const noexcept {
  for (size_t cell = 0; cell < kMixerCells; ++cell) {
    if (!mixer_value_valid(cell, settings[cell].value)) return false;
  }
  return true;
}

}  // namespace dmasim
