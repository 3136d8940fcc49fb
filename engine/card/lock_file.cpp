// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/lock_file.h"

namespace dmasim {

std::optional<off_t> lock_index(const PcmDevice& device, unsigned subdevice) noexcept {
  if (device.number >= kLockableDevices || subdevice >= kLockableSubdevices) return std::nullopt;
  const unsigned numbered = (device.loop ? kLockableDevices : 0) + device.number;
  const unsigned directed = numbered * 2 + (device.playback ? 0 : 1);
  return off_t{directed * kLockableSubdevices + subdevice};
}

}  // namespace dmasim
