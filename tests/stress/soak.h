// SPDX-License-Identifier: LGPL-2.1-or-later
/// The rounds of the soak. Each opens something, uses it for a moment in a random way and closes
/// it; the soak runs many of them at a time, again and again. They throw Violation.
#pragma once

#include <string>

#include "tests/stress/dice.h"
#include "tests/stress/watchdog.h"

namespace dmasim::stress {

/// Where rounds of one kind run, one after the other.
struct Station {
  unsigned number;
  std::string scratch;  ///< a path of its own, without an ending
  Dice dice;
  Pulse& pulse;
};

/// Three threads at one PCM of any shape: one moves frames, one asks, one disturbs.
void soak_card(Station& station);
/// A program that is late again and again: each frame that a write took is in the file, no other.
void soak_recording(Station& station);
/// A player and a listener at one cable: what is heard is in order.
void soak_loop(Station& station);
/// The mixer, of a card that the other kinds do not measure.
void soak_control(Station& station);
/// A child that ends at once: what the modules do at a fork is done.
void soak_fork(Station& station);

inline constexpr const char* kSoakCard = "soak";

}  // namespace dmasim::stress
