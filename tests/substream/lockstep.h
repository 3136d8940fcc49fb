// SPDX-License-Identifier: LGPL-2.1-or-later
/// Threads that run one at a time, and a time that moves only when a test says so.
///
/// sync_lockstep.cpp has the bodies of sync.h for this. A thread keeps the turn until it waits; the
/// others do not run meanwhile. So a test is the same in every run, to the nanosecond.
///
///   advance_to  time goes from deadline to deadline, and who waits for one runs at exactly that
///   time jump_to     time has passed, but no thread was given the processor: a machine that is
///   late
///
/// When the test itself waits (a drain, a blocking write) and nobody else can go on, time moves to
/// the next deadline by itself. Without a deadline the process ends: nobody would ever wake up.
///
/// THREADS  the test's own thread; deeds of at() run on the thread that moves time.
#pragma once

#include <cstdint>
#include <functional>

#include "engine/base/clock.h"

namespace dmasim::lockstep {

[[nodiscard]] int64_t now_ns() noexcept;
/// The others run until each of them waits for something.
void settle();
/// Not back. At the end everybody has run, up to `at_ns` included.
void advance_to(int64_t at_ns);
/// Nobody has run: call settle() to let them.
void jump_to(int64_t at_ns);
/// From now on so much time passes after each look at a LockstepClock: code takes its time.
void each_look_takes(int64_t ns);
/// `deed` is done when time comes to `at_ns`, before any thread that waits for the same time runs.
void at(int64_t at_ns, std::function<void()> deed);

/// This time as the engine's clock.
class LockstepClock final : public Clock {
 public:
  [[nodiscard]] int64_t now_ns() const noexcept override;
  [[nodiscard]] int64_t wake_up_ns(int64_t deadline_ns) const noexcept override {
    return deadline_ns;
  }
};

}  // namespace dmasim::lockstep
