// SPDX-License-Identifier: LGPL-2.1-or-later
/// One cycle of a worker, from snd_pcm_open to snd_pcm_close. A plan says what it does.
#pragma once

#include <string>

#include "tests/stress/dice.h"
#include "tests/stress/partner.h"
#include "tests/stress/pcm.h"
#include "tests/stress/plan.h"
#include "tests/stress/tally.h"
#include "tests/stress/watchdog.h"

namespace dmasim::stress {

/// What a worker uses in all its cycles.
struct Worker {
  const HammerOptions& options;
  std::string report;
  std::string scratch;
  Dice& dice;
  Partner& partner;
  Pulse& pulse;
  Tally& tally;
};

class Cycle {
 public:
  /// Opens the PCM.
  Cycle(Worker& worker, const Plan& plan);

  /// Does the rest of the cycle, and closes the PCM. Throws Violation.
  void run();

 private:
  // cycle.cpp
  void configure();
  void start_and_drop();
  void act();
  void move_some();
  void pause_a_moment();
  void rewind_and_forward();
  void ask_for_the_forbidden();
  void drain_to_the_end();
  void ensure_running();
  bool start_once();
  void fill();
  void note_xrun(long result);

  // cycle_ending.cpp
  void go_to_ending();
  void go_to_paused();
  void go_to_draining();
  void go_to_xrun();
  void start_with_one_frame();
  void ask_to_be_refused();
  void close();

  // cycle_intrusion.cpp
  void intrude();
  void drop_against_writer();
  void drop_against_poller();
  void drop_against_drain();
  void restart_against_writer();
  void pause_against_writer();
  void abort_against_writer();
  void abort_against_drain();
  void ask_beside_writer();

  void step(const char* name) { worker_.pulse.step(name); }
  void nap(unsigned most_us);

  Worker& worker_;
  const Plan plan_;
  Pcm pcm_;
  enum class Refused { nothing, hw_free, hw_params } refused_ = Refused::nothing;
};

/// Call it before the first cycle. abort_against_... sends this signal to a blocked worker.
void install_abort_handler();

}  // namespace dmasim::stress
