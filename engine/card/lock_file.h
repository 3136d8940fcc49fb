// SPDX-License-Identifier: LGPL-2.1-or-later
/// The layout of a card's lock file, CARD.lock, which says who owns which of its subdevices.
///
/// Each subdevice has an index. The owner holds a lock on the byte of this number, whether the file
/// is that long or not, and writes its process id as text into the slot of this number. Only the
/// lock counts. The text may be an owner's that is gone, or anything else.
///
/// The numbers of the bytes never change: modules of other formats (cable_directory.h) look for
/// locks on them. The slots may.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

namespace dmasim {

/// A PCM device in one direction.
struct PcmDevice {
  std::string card;     ///< letters, digits, '.', '_' and '-', not with '.' in front
  unsigned number = 0;  ///< the number of the card's device
  bool loop = false;    ///< one of the loops, which are numbered separately
  bool playback = true;
};

inline constexpr unsigned kLockableDevices = 32;      ///< of a card
inline constexpr unsigned kLockableSubdevices = 128;  ///< of a device in one direction
inline constexpr off_t kOwnerSlotBytes = 16;
inline constexpr off_t kLockFileBytes =
    off_t{2} * kLockableDevices * 2 * kLockableSubdevices * kOwnerSlotBytes;

/// Loops come after all others, then devices count, then capture after playback, then subdevices.
/// Empty for numbers that a card cannot have.
[[nodiscard]] inline std::optional<off_t> lock_index(const PcmDevice& device,
                                                     unsigned subdevice) noexcept {
  if (device.number >= kLockableDevices || subdevice >= kLockableSubdevices) return std::nullopt;
  const unsigned in_all = (device.loop ? kLockableDevices : 0) + device.number;
  const unsigned direction = in_all * 2 + (device.playback ? 0 : 1);
  return off_t{direction * kLockableSubdevices + subdevice};
}

[[nodiscard]] inline std::string lock_file_name(const std::string& card) { return card + ".lock"; }

}  // namespace dmasim
