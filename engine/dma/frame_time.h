// SPDX-License-Identifier: LGPL-2.1-or-later
/// The sample clock of a device: how many frames have passed since its start, and when frame n
/// comes. Everything is computed from the start instant, so rounding does not accumulate. A pause
/// moves that instant by the exact length of the pause.
#pragma once

#include <cstdint>

namespace dmasim {

/// PURE. Times are nanoseconds of one clock; any clock will do.
class FrameTime {
 public:
  FrameTime() = default;
  /// rate_hz * (1 + ppm / 1e6) frames come in a second: ppm is how much faster than nominal they
  /// are.
  FrameTime(uint32_t rate_hz, int32_t ppm) noexcept;
  /// A clock from the numbers of another one's frames_per_1e15_ns() and origin_ns().
  [[nodiscard]] static FrameTime from_numbers(uint64_t frames_per_1e15_ns,
                                              int64_t origin_ns) noexcept;

  void start(int64_t now_ns) noexcept;
  /// The device's time stands still from here until resume().
  void pause(int64_t now_ns) noexcept;
  void resume(int64_t now_ns) noexcept;
  /// Moves the start to the next edge of the frame clock that all devices of this rate share. That
  /// clock runs since time 0. So two such devices are apart by whole frames, to the nanosecond.
  void wait_for_edge() noexcept;

  /// Whole frames from the start to `now_ns`; never negative.
  [[nodiscard]] uint64_t frames_at(int64_t now_ns) const noexcept;
  /// The first instant at which frames_at() is at least `frames`, if no further pause comes.
  [[nodiscard]] int64_t time_of(uint64_t frames) const noexcept;

  [[nodiscard]] uint64_t frames_per_1e15_ns() const noexcept { return frames_per_1e15_ns_; }
  /// When frame 0 was due. Pauses have moved it.
  [[nodiscard]] int64_t origin_ns() const noexcept { return start_ns_; }

 private:
  void set_rate(uint64_t frames_per_1e15_ns) noexcept;

  uint64_t frames_per_1e15_ns_ = 1;
  uint64_t frames_per_ns_ = 0;  // times 2^64, rounded down; 0: a frame or more in each nanosecond
  int64_t start_ns_ = 0;
  int64_t paused_at_ns_ = 0;
};

}  // namespace dmasim
