// SPDX-License-Identifier: LGPL-2.1-or-later
/// Runs a small program under every schedule of its threads. README.md says how to write one.
///
/// The program is a function on a Program. The explorer calls it once per schedule, in a forked
/// child. So the program must depend on nothing but the schedule, and it must free everything that
/// it makes. It reports to the caller by sim::violation() and sim::outcome(), never by variables or
/// gtest.
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

/// Where a fiber stops, so that another fiber can run.
enum class Grain : uint8_t {
  steps,            ///< only where it can matter (README.md, "Why the search is complete")
  every_operation,  ///< before every operation; the explorer's own tests compare with it
};

struct Options {
  /// The search leaves out a schedule that differs from another one only in the order of
  /// independent steps. A preemption bound turns this off: a schedule may be within the bound while
  /// its equivalent is not.
  bool reduce = true;
  /// How often a schedule may switch away from a fiber that could continue; -1: no bound.
  int preemption_bound = -1;
  /// How many spurious wake-ups a schedule may have.
  int spurious_budget = 0;
  /// A wait can time out if its deadline is not later than this. Virtual time begins at 0.
  int64_t horizon_ns = 0;
  /// If no fiber can continue, the wait with the earliest deadline times out, also when this is
  /// later than the horizon. For programs in which something has to happen in the end, however
  /// late.
  bool patient = false;
  /// The search ends after so many schedules, redundant ones included; 0: no limit. A search that
  /// ended because of it is not ok().
  uint64_t max_schedules = 0;
  /// The same after so many seconds; 0: no limit.
  int max_seconds = 0;
  /// A longer schedule is a violation, because a fiber must be spinning.
  uint32_t max_steps = 20000;
  /// A fiber also stops after an unlock() that leaves it without any lock. Then another fiber may
  /// free an object that the first fiber goes on to use without a lock. The explorer itself notices
  /// only the use of a destroyed Mutex, CondVar or Thread; the program has to check all else.
  bool gaps = false;
  Grain grain = Grain::steps;
  /// Each run starts at the program's beginning instead of an image of an earlier run. The
  /// explorer's own tests compare with it.
  bool whole_runs = false;
  /// The search continues after a violation, which becomes an outcome. What the program then owned
  /// is leaked. Outcome::collected has the shortest schedule of each violation: within a preemption
  /// bound the shortest of all, else the shortest of those that were searched.
  bool collect_violations = false;
  /// After so many seconds without a step, the program counts as hanging.
  int watchdog_s = 30;
};

/// How a violation was reached. A schedule with fewer preemptions is shorter; of two with the same
/// number, the one with fewer steps.
struct Finding {
  int preemptions = 0;
  uint64_t steps = 0;
  std::string schedule;

  [[nodiscard]] bool shorter_than(const Finding& other) const {
    return std::tie(preemptions, steps) < std::tie(other.preemptions, other.steps);
  }
};

struct Outcome {
  uint64_t schedules = 0;  ///< how many were run
  uint64_t redundant = 0;  ///< how many of these were found equivalent to another one
  uint64_t steps = 0;
  uint64_t max_depth = 0;
  uint64_t cut = 0;       ///< choices that the preemption bound excluded
  bool complete = false;  ///< no schedule is left (within the preemption bound, up to the horizon)
  std::string violation;  ///< empty: none found
  std::string schedule;   ///< of the violation, for replay()
  std::string story;      ///< of the violation, a line per step
  std::set<std::string>
      outcomes;  ///< the texts of sim::outcome(), one entry for each different run
  std::map<std::string, Finding> collected;  ///< with collect_violations: the shortest of each
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

/// Runs the one schedule that explore() printed, and then continues in any order. It always writes
/// the story. `options` are those of the search.
[[nodiscard]] Outcome replay(const Options& options, const std::string& schedule, const Body& body);

/// Ends the run: the schedule breaks a rule.
[[noreturn]] void violation(const std::string& what);
/// violation(what) unless `holds`.
inline void check(bool holds, const char* what) {
  if (!holds) violation(what);
}

/// Adds a text to the result of this run. Outcome::outcomes has all different results, so a test
/// can check that the interesting case happened in some schedule.
void outcome(const std::string& what);

enum class Access : uint8_t { read, write };

/// A choice point in the test's own code.
void yield();
/// A choice point before code that reads or writes an object which no Mutex guards. The search
/// tries all orders of the accesses to one object. All objects without a name() count as one
/// object.
void yield(const void* object, Access how = Access::write);

/// Declares an access by the test's own records. It is no choice point: the access belongs to the
/// running step and happens together with the operation before it. The search tries all orders of
/// such accesses too.
void note(const void* object, Access how = Access::write);

/// Gives a name to an object, or to everything in the `bytes` that begin there. Stories use it: a
/// Mutex in these bytes becomes "text.mutex1". yield() uses it to distinguish objects. So name
/// different objects differently, and do so before another fiber can use them.
void name(const void* object, const std::string& text, size_t bytes = 1);

/// Writes a remark into the story.
void add_to_story(const std::string& text);

/// Virtual time. It moves only when the program calls advance_to() or a wait times out.
[[nodiscard]] int64_t now_ns() noexcept;
/// A choice point. Afterwards the time is `at_ns` or later.
void advance_to(int64_t at_ns);

/// Virtual time as the engine's clock.
class SimClock final : public Clock {
 public:
  [[nodiscard]] int64_t now_ns() const noexcept override { return sim::now_ns(); }
  [[nodiscard]] int64_t wake_up_ns(int64_t deadline_ns) const noexcept override {
    return deadline_ns;
  }
};

/// As long as an object of this class exists, a wait on a CondVar or a join by the same fiber is a
/// violation. For calls that promise never to wait.
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
