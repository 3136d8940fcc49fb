// SPDX-License-Identifier: LGPL-2.1-or-later
/// Threads that run one at a time, and a clock that only the test moves.
///
/// sync_lockstep.cpp has the bodies of sync.h for this. A thread runs until it waits, and no other
/// thread runs in the meantime. So a test does the same in every run, to the nanosecond.
///
///   advance_to  The time moves from deadline to deadline. A thread that waits for a deadline runs
///               at exactly that time.
///   jump_to     The time moves, but no thread runs: as on a machine that is late.
///
/// If the test itself waits (in a drain or a blocking write) and no other thread can run, the time
/// moves to the next deadline by itself. If there is no deadline, no thread would ever wake up: the
/// process ends then.
///
/// THREADS  The test's own thread. The functions of at() run on the thread that moves the time.
#pragma once

#include <cstdint>
#include <functional>

#include "engine/base/clock.h"
#include "engine/base/never.h"

namespace dmasim::lockstep {

[[nodiscard]] int64_t now_ns() noexcept;
/// Lets the other threads run until each of them waits.
void settle();
/// Moves the time forward only. At the end all threads have run, also those with a deadline at
/// `at_ns`.
void advance_to(int64_t at_ns);
/// Moves the time, but no thread runs. Call settle() to let them run.
void jump_to(int64_t at_ns);
/// From now on the time moves by `ns` after each reading of a LockstepClock, as if the code were
/// slow.
void each_look_takes(int64_t ns);
/// Lets the other threads run until each of them waits. Then the earliest deadline for which one
/// waits; kNever if none does.
[[nodiscard]] int64_t next_wake_up_ns();
/// Calls `deed` when the time comes to `at_ns`, before any thread with that deadline runs.
void at(int64_t at_ns, std::function<void()> deed);

/// This time, as a clock for the engine.
class LockstepClock final : public Clock {
 public:
  [[nodiscard]] int64_t now_ns() const noexcept override;
  [[nodiscard]] int64_t wake_up_ns(int64_t deadline_ns) const noexcept override {
    return deadline_ns;
  }
};

}  // namespace dmasim::lockstep
