// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace dmasim {

/// Frames are counted from the start on, as the hardware counts them. A frame's place in the ring
/// is its number modulo the buffer size.
struct FrameSpan {
  uint64_t start_frames = 0;
  uint64_t count_frames = 0;

  [[nodiscard]] uint64_t end_frames() const noexcept { return start_frames + count_frames; }
  [[nodiscard]] bool empty() const noexcept { return count_frames == 0; }
};

}  // namespace dmasim
