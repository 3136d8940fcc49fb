// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which frames of a playback ring the substream fills with silence. If the program is late, the
/// hardware then plays silence and not the old data. ALSA has two rules: silence_threshold with
/// silence_size, and a silence_size of the boundary or more ("endless").
#pragma once

#include <algorithm>
#include <cstdint>

#include "plugin/pcm/frame_span.h"

namespace dmasim {

/// PURE.
class Silence {
 public:
  void reset() noexcept { *this = {}; }

  /// The endless rule, at the start: the whole ring except the frames that wait to be played.
  [[nodiscard]] static FrameSpan all_but_ahead(uint64_t appl, uint64_t hw,
                                               uint64_t buffer_size) noexcept {
    const uint64_t ahead = std::min(appl - std::min(appl, hw), buffer_size);
    return {.start_frames = hw + ahead, .count_frames = buffer_size - ahead};
  }

  /// The endless rule, after the start: the frames that the hardware has passed from `before` to
  /// `hw`.
  [[nodiscard]] static FrameSpan passed(uint64_t before, uint64_t hw,
                                        uint64_t buffer_size) noexcept {
    const uint64_t count = std::min(hw - std::min(before, hw), buffer_size);
    return {.start_frames = hw - count, .count_frames = count};
  }

  /// The threshold rule: if fewer than `threshold` frames are left before the old data, up to
  /// `size` more frames of silence behind the frames that the program has written.
  [[nodiscard]] FrameSpan ahead(uint64_t appl, uint64_t hw, uint64_t threshold,
                                uint64_t size) noexcept {
    follow(appl);
    const uint64_t from = std::max(behind_ + filled_, hw);
    const uint64_t left = from - hw;
    if (left >= threshold) return {};
    const uint64_t count = std::min(threshold - left, size);
    filled_ = from + count - behind_;
    return {.start_frames = from, .count_frames = count};
  }

 private:
  /// The program has moved to `appl`. Frames that it wrote have replaced silence. After a rewind
  /// there is old data behind its position, and no silence.
  void follow(uint64_t appl) noexcept {
    const bool forward = appl >= behind_;
    filled_ = forward ? filled_ - std::min(filled_, appl - behind_) : 0;
    behind_ = appl;
  }

  uint64_t behind_ = 0;  // the program's position at the last call of follow()
  uint64_t filled_ = 0;  // frames of silence behind that position
};

}  // namespace dmasim
