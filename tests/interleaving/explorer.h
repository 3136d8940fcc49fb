// SPDX-License-Identifier: LGPL-2.1-or-later
/// Runs a small program under every schedule of its threads. README.md tells how to write one.
///
/// The program is a function on a Program. It is called once per schedule, in a forked child, so it
/// must be deterministic but for the schedule, and leave nothing behind. What it wants to tell the
/// caller goes through sim::violation() and sim::outcome(), never through variables or gtest.
///
/// THREADS  explore() and replay(): the test's only thread. Everything else: inside a program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "engine/base/clock.h"

namespace dmasim::sim {

/// Where a fiber stops to let others run.
enum class Grain : uint8_t {
  steps,            ///< where it can make a difference (README.md, "Why the search is complete")
  every_operation,  ///< before every single operation; the yardstick of the explorer's own tests
};

struct Options {
  /// Leave out schedules that only swap independent steps. Off under a preemption bound, where a
  /// schedule may be within the bound and its equivalent not.
  bool reduce = true;
  /// How often a schedule may switch away from a fiber that could go on; -1: as often as it likes.
  int preemption_bound = -1;
  /// Spurious wake-ups per schedule.
  int spurious_budget = 0;
  /// Waits time out when their deadline is not later than this. Virtual time begins at 0.
  int64_t horizon_ns = 0;
  /// Past the horizon, when nobody else can go on, the earliest wait times out all the same: for
  /// what has to happen in the end, however late.
  bool patient = false;
  /// Stop after so many, redundant ones included; 0: never. A search that was stopped is not ok().
  uint64_t max_schedules = 0;
  /// The same after so many seconds; 0: never.
  int max_seconds = 0;
  /// A longer schedule is a violation: somebody spins.
  uint32_t max_steps = 20000;
  /// A fiber also stops after an unlock() that leaves it without any lock. Then another fiber may
  /// free an object that the first fiber goes on to use without a lock. The explorer itself notices
  /// only the use of a destroyed Mutex, CondVar or Thread; the program has to check all else.
  bool gaps = false;
  Grain grain = Grain::steps;
  /// Repeat each schedule from the program's beginning instead of going on from images of earlier
  /// runs: the yardstick of the explorer's own tests.
  bool whole_runs = false;
  /// Violations become outcomes and the search goes on; what a program then held is leaked. Of each
  /// the shortest schedule is kept: among all within a preemption bound, else among those searched.
  bool collect_violations = false;
  /// Seconds without a step after which the program is taken to hang.
  int watchdog_s = 30;
};

/// How a violation was reached. Shorter is: fewer preemptions, then fewer steps.
struct Finding {
  int preemptions = 0;
  uint64_t steps = 0;
  std::string schedule;

  [[nodiscard]] bool shorter_than(const Finding& other) const {
    return std::tie(preemptions, steps) < std::tie(other.preemptions, other.steps);
  }
};

struct Outcome {
  uint64_t schedules = 0;  ///< all that were run to their end
  uint64_t redundant = 0;  ///< of these: equivalent to another one, noticed on the way
  uint64_t steps = 0;
  uint64_t max_depth = 0;
  uint64_t cut = 0;       ///< choices not followed because of the preemption bound
  bool complete = false;  ///< no schedule is left (within the preemption bound, up to the horizon)
  std::string violation;  ///< empty: none found
  std::string schedule;   ///< of the violation, for replay()
  std::string story;      ///< of the violation, a line per step
  std::set<std::string> outcomes;  ///< what sim::outcome() said, one entry per distinct run
  std::map<std::string, Finding> collected;  ///< with collect_violations: each one's shortest
  double seconds = 0;

  [[nodiscard]] bool ok() const { return complete && violation.empty(); }
  /// All of the above as text: EXPECT_TRUE(found.ok()) << found.report();
  [[nodiscard]] std::string report() const;
};

class Program {
 public:
  /// Adds a thread of the test. It starts with the next run().
  void actor(std::string name, std::function<void()> body);
  /// Starts the actors added since the last run() and waits until they have ended.
  void run();
};

using Body = std::function<void(Program&)>;

/// Searches depth-first for a schedule that violates something.
[[nodiscard]] Outcome explore(const Options& options, const Body& body);

/// Runs the one schedule that explore() printed, then goes on in any order. The story is always
/// told. `options` as for explore().
[[nodiscard]] Outcome replay(const Options& options, const std::string& schedule, const Body& body);

/// Ends the run: the schedule breaks a rule.
[[noreturn]] void violation(const std::string& what);
/// violation(what) unless `holds`.
inline void check(bool holds, const char* what) {
  if (!holds) violation(what);
}

/// Adds to what this run says about itself. All distinct sayings end up in Outcome::outcomes, so
/// that a test can demand that the interesting thing did happen in some schedule.
void outcome(const std::string& what);

enum class Access : uint8_t { read, write };

/// A choice point in the test's own code.
void yield();
/// The same, before code that reads or writes something which no Mutex guards. Accesses to one
/// object are kept in all their orders; objects without a name() count as one.
void yield(const void* object, Access how = Access::write);

/// An access by the test's own bookkeeping, as part of the step that runs: no choice point, so it
/// happens together with the operation before it. Orders of such accesses are kept like others.
void note(const void* object, Access how = Access::write);

/// A name for stories, of one object or of everything in `bytes` from there on: a Mutex in it
/// becomes "text.mutex1". Also tells yield() objects apart, so give different objects different
/// names, before they are shared.
void name(const void* object, const std::string& text, size_t bytes = 1);

/// A remark in the story.
void add_to_story(const std::string& text);

/// Virtual time. Moves by advance_to() and when a wait times out, never by itself.
[[nodiscard]] int64_t now_ns() noexcept;
/// A choice point; then time is at least `at_ns`.
void advance_to(int64_t at_ns);

/// Virtual time as the engine's clock.
class SimClock final : public Clock {
 public:
  [[nodiscard]] int64_t now_ns() const noexcept override { return sim::now_ns(); }
  [[nodiscard]] int64_t wake_up_ns(int64_t deadline_ns) const noexcept override {
    return deadline_ns;
  }
};

/// While one lives, a wait on a CondVar or a join on the same fiber is a violation: for calls that
/// promise never to wait.
class NeverWaits {
 public:
  explicit NeverWaits(const char* promise);
  ~NeverWaits();
  NeverWaits(const NeverWaits&) = delete;
  NeverWaits& operator=(const NeverWaits&) = delete;

 private:
  const char* outer_;
};

}  // namespace dmasim::sim
