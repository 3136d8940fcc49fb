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

/// The index of a subdevice: ((loop * 32 + device) * 2 + capture) * 128 + subdevice, where `loop`
/// and `capture` are 0 or 1. Empty for numbers that a card cannot have.
[[nodiscard]] std::optional<off_t> lock_index(const PcmDevice& device, unsigned subdevice) noexcept;

[[nodiscard]] inline std::string lock_file_name(const std::string& card) { return card + ".lock"; }

}  // namespace dmasim
