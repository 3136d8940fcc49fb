// SPDX-License-Identifier: LGPL-2.1-or-later
/// The cycles of the soak test. Each opens something, uses it for a moment in a random way and
/// closes it. The soak test runs several of them at the same time, again and again. They throw
/// Violation.
#pragma once

#include <string>

#include "tests/stress/dice.h"
#include "tests/stress/watchdog.h"

namespace dmasim::stress {

/// What the cycles of one thread use, one after the other.
struct Station {
  unsigned number;
  std::string scratch;  ///< a path of its own for files, without an extension
  Dice dice;
  Pulse& pulse;
};

/// Three threads use one PCM with random parameters: one moves frames, one asks for the state, one
/// stops the stream and starts it again.
void soak_card(Station& station);
/// A program that is late again and again. The file must have each frame of a successful write, and
/// no other.
void soak_recording(Station& station);
/// A player and a listener use one cable. The listener must get the frames in order.
void soak_loop(Station& station);
/// The mixer of a card of its own, because a volume changes the samples that the other kinds check.
void soak_control(Station& station);
/// Forks a child that ends at once, so that the fork handlers of the modules run.
void soak_fork(Station& station);

inline constexpr const char* kSoakCard = "soak";

}  // namespace dmasim::stress
