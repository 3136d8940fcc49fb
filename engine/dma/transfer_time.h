// SPDX-License-Identifier: LGPL-2.1-or-later
/// When a device moves the frames of its transfers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/dma/frame_time.h"

namespace dmasim {

/// PURE. It holds until the next pause, resume or start: then the channel has a new one.
struct TransferTime {
  FrameTime time;
  uint64_t start_delay_frames = 0;  ///< see SlaveConfig

  /// How many frames are due to have been moved by now.
  [[nodiscard]] uint64_t frames_due(int64_t now_ns) const noexcept {
    const uint64_t frames = time.frames_at(now_ns);
    return frames - std::min(frames, start_delay_frames);
  }
  /// The first instant at which so many frames are due.
  [[nodiscard]] int64_t time_of(uint64_t frames) const noexcept {
    return time.time_of(frames + start_delay_frames);
  }
};

}  // namespace dmasim
