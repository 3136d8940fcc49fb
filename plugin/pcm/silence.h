// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which frames of a playback ring become silence, so that a late program is heard as a gap and not
/// as its old data. ALSA has two rules: silence_threshold with silence_size, and a silence_size of
/// the boundary or more ("endless").
#pragma once

#include <algorithm>
#include <cstdint>

namespace dmasim {

/// Counted from start, as the hardware counts; the ring position follows.
struct FrameSpan {
  uint64_t start_frames = 0;
  uint64_t count_frames = 0;
};

/// PURE.
class Silence {
 public:
  void reset() noexcept { *this = {}; }

  /// Endless, at first: all but what waits to be played.
  [[nodiscard]] static FrameSpan all_but_ahead(uint64_t appl, uint64_t hw,
                                               uint64_t buffer_size) noexcept {
    const uint64_t ahead = std::min(appl - std::min(appl, hw), buffer_size);
    return {.start_frames = hw + ahead, .count_frames = buffer_size - ahead};
  }

  /// Endless, from then on: what the hardware has passed on its way to `hw`.
  [[nodiscard]] static FrameSpan passed(uint64_t before, uint64_t hw,
                                        uint64_t buffer_size) noexcept {
    const uint64_t count = std::min(hw - std::min(before, hw), buffer_size);
    return {.start_frames = hw - count, .count_frames = count};
  }

  /// With a threshold: when less than `threshold` is left until the old data, up to `size` frames
  /// more of silence behind what the program has written.
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
  /// What the program wrote since has replaced silence; what it took back uncovers old data.
  void follow(uint64_t appl) noexcept {
    const bool forward = appl >= behind_;
    filled_ = forward ? filled_ - std::min(filled_, appl - behind_) : 0;
    behind_ = appl;
  }

  uint64_t behind_ = 0;  // the program's position when last seen
  uint64_t filled_ = 0;  // silence from there on
};

}  // namespace dmasim
