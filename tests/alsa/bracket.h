// SPDX-License-Identifier: LGPL-2.1-or-later
/// Positions against CLOCK_MONOTONIC: between two readings of the clock around a call there is
/// nothing but the frames of that time, whatever load the machine is under.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {

struct Bracket {
  int64_t before_ns = 0;
  int64_t after_ns = 0;
};

template <typename Call>
Bracket bracket(Call call) {
  Bracket times;
  times.before_ns = now_ns();
  call();
  times.after_ns = now_ns();
  return times;
}

/// How many frames a card of `rate_hz` moves in so long.
inline int64_t frames_in(int64_t ns, double rate_hz) {
  return static_cast<int64_t>(static_cast<double>(std::max<int64_t>(ns, 0)) * rate_hz / 1e9);
}

/// Where a position can be.
struct PositionRange {
  int64_t least = 0;
  int64_t most = 0;
  [[nodiscard]] bool holds(int64_t position) const { return position >= least && position <= most; }
};

/// For a stream started in `start`, whose position was asked for in `ask`. A frame of grace is for
/// the rounding of the double.
inline PositionRange position_range(const Bracket& start, const Bracket& ask, double rate_hz) {
  return {.least = frames_in(ask.before_ns - start.after_ns, rate_hz) - 1,
          .most = frames_in(ask.after_ns - start.before_ns, rate_hz) + 1};
}

}  // namespace dmasim::test
