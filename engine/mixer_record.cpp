// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/mixer_record.h"

#include <cmath>
#include <cstring>

#include "engine/checksum.h"

namespace dmasim {
namespace {

constexpr uint64_t kMixerMagic = 0x317265786d6d64;  // "dmmxer1"
static_assert(sizeof(MixerRecord) == (3 + kMixerCells) * sizeof(uint64_t));

bool is_volume(size_t cell) noexcept { return cell == kPlaybackVolume || cell == kCaptureVolume; }

bool is_rate_shift(size_t cell) noexcept {
  return cell >= kFirstLoopCell && (cell - kFirstLoopCell) % 2 == 0;
}

/// Exactly 1 at 0 dB, and 0 at the bottom.
double factor_of(uint32_t volume) noexcept {
  if (volume == 0) return 0;
  if (volume >= kMixerVolume0dB) return 1;
  const double centibels =
      kMixerVolumeLeastCentibels + kMixerVolumeStepCentibels * static_cast<double>(volume);
  return std::pow(10, centibels / 2000);
}

/// Numbers come round. A bound would stop a mixer whose last record lies at it, forged as that is.
bool is_newer(const MixerRecord& record, const MixerRecord& than) noexcept {
  return static_cast<int64_t>(record.sequence - than.sequence) > 0;
}

bool plausible(const MixerRecord& record) noexcept {
  for (size_t cell = 0; cell < kMixerCells; ++cell) {
    if (!mixer_value_valid(cell, record.settings[cell].value)) return false;
  }
  return true;
}

}  // namespace

uint32_t mixer_default(size_t cell) noexcept {
  if (is_volume(cell)) return pack_volume({.left = kMixerVolume0dB, .right = kMixerVolume0dB});
  if (is_rate_shift(cell)) return kRateShiftNone;
  return cell == kPlaybackSwitch || cell == kCaptureSwitch ? 1 : 0;
}

bool mixer_value_valid(size_t cell, uint32_t value) noexcept {
  if (is_volume(cell)) {
    const StereoVolume volume = unpack_volume(value);
    return volume.left <= kMixerVolume0dB && volume.right <= kMixerVolume0dB;
  }
  if (is_rate_shift(cell)) return value >= kRateShiftLeast && value <= kRateShiftMost;
  return value <= 1;
}

MixerRecord MixerRecord::defaults() noexcept {
  MixerRecord record{.magic = kMixerMagic, .sequence = 0, .settings = {}, .checksum = 0};
  for (size_t cell = 0; cell < kMixerCells; ++cell) {
    record.settings[cell].value = mixer_default(cell);
  }
  return record;
}

Gain MixerRecord::gain_of(size_t volume, size_t on) const noexcept {
  if (settings[on].value == 0) return {.left = 0, .right = 0};
  const StereoVolume stereo = unpack_volume(settings[volume].value);
  return {.left = factor_of(stereo.left), .right = factor_of(stereo.right)};
}

void seal_mixer_record(MixerRecord& record) noexcept {
  record.checksum = checksum_of_words(record);
}

std::optional<MixerRecord> decode_mixer_record(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < sizeof(MixerRecord)) return std::nullopt;
  MixerRecord record;
  std::memcpy(&record, bytes.data(), sizeof record);
  if (record.magic != kMixerMagic || record.checksum != checksum_of_words(record)) {
    return std::nullopt;
  }
  if (!plausible(record)) return std::nullopt;
  return record;
}

std::optional<MixerRecord> decode_newest_mixer(std::span<const std::byte> slots) noexcept {
  std::optional<MixerRecord> newest;
  for (size_t at = 0; at < kMixerFileBytes && at < slots.size(); at += sizeof(MixerRecord)) {
    const auto record = decode_mixer_record(slots.subspan(at));
    if (record && (!newest || is_newer(*record, *newest))) newest = record;
  }
  return newest;
}

}  // namespace dmasim
