// SPDX-License-Identifier: LGPL-2.1-or-later
/// Compares positions with CLOCK_MONOTONIC. A test reads the clock before and after a call. The
/// position that the call answers must be of a moment between these two readings. This holds under
/// any load of the machine.
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

/// How many frames a card of `rate_hz` moves in `ns`.
inline int64_t frames_in(int64_t ns, double rate_hz) {
  return static_cast<int64_t>(static_cast<double>(std::max<int64_t>(ns, 0)) * rate_hz / 1e9);
}

/// The lowest and the highest possible position.
struct PositionRange {
  int64_t least = 0;
  int64_t most = 0;
  [[nodiscard]] bool holds(int64_t position) const { return position >= least && position <= most; }
};

/// The range for a stream that was started within `start` and whose position was read within `ask`.
/// It is wider by a frame, for the rounding of the double.
inline PositionRange position_range(const Bracket& start, const Bracket& ask, double rate_hz) {
  return {.least = frames_in(ask.before_ns - start.after_ns, rate_hz) - 1,
          .most = frames_in(ask.after_ns - start.before_ns, rate_hz) + 1};
}

}  // namespace dmasim::test
