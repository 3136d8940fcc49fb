// SPDX-License-Identifier: LGPL-2.1-or-later
// What the explorer searches, what it finds, and how it reports it.
#include <gtest/gtest.h>

#include "tests/interleaving/explorer.h"
#include "tests/interleaving/handshake.h"

namespace dmasim::sim {
namespace {

void correct_handshake(Program& program) {
  Handshake handshake;
  name(&handshake, "handshake", sizeof handshake);
  program.actor("waiter", [&] { handshake.await(); });
  program.actor("raiser", [&] { handshake.raise(); });
  program.run();
}

/// The waiter reads the flag in one critical section and waits in another one. So it can miss the
/// notification.
void lost_wake_up(Program& program) {
  Handshake handshake;
  name(&handshake, "handshake", sizeof handshake);
  program.actor("waiter", [&] {
    bool set = false;
    {
      MutexLock guard(handshake.lock);
      set = handshake.set;
    }
    MutexLock guard(handshake.lock);
    if (!set) handshake.changed.wait(handshake.lock);
  });
  program.actor("raiser", [&] { handshake.raise(); });
  program.run();
}

void crossed_locks(Program& program) {
  Mutex first;
  Mutex second;
  name(&first, "first");
  name(&second, "second");
  program.actor("ab", [&] {
    MutexLock outer(first);
    MutexLock inner(second);
  });
  program.actor("ba", [&] {
    MutexLock outer(second);
    MutexLock inner(first);
  });
  program.run();
}

TEST(Explorer, CorrectHandshakeIsExploredCompletely) {
  const Outcome found = explore({}, correct_handshake);
  EXPECT_TRUE(found.ok()) << found.report();
  EXPECT_EQ(2u, found.schedules - found.redundant);  // one for each thread that can lock first
}

TEST(Explorer, CollectsTheShortestScheduleOfEachViolation) {
  const auto seen_early_or_late = [](Program& program) {
    bool flag = false;
    program.actor("reader", [&] {
      for (int time = 0; time < 3; ++time) {
        yield(&flag, Access::read);
        check(!flag, "seen");
      }
    });
    program.actor("setter", [&] {
      yield(&flag);
      flag = true;
    });
    program.run();
  };
  const Outcome first = explore({.preemption_bound = 2}, seen_early_or_late);
  const Options options{.preemption_bound = 2, .collect_violations = true};
  const Outcome found = explore(options, seen_early_or_late);
  EXPECT_TRUE(found.complete) << found.report();
  ASSERT_TRUE(found.collected.contains("seen"));
  const Finding shortest = found.collected.at("seen");
  EXPECT_EQ("ccbb", shortest.schedule);  // two steps of each actor: its begin and its access
  EXPECT_EQ(4u, shortest.steps);
  EXPECT_EQ(0, shortest.preemptions);
  EXPECT_GT(first.schedule.size(),
            shortest.schedule.size());  // the depth-first search met a longer one first
  EXPECT_EQ("seen", replay(options, shortest.schedule, seen_early_or_late).violation);
}

TEST(Explorer, CountsAreTheSameEachTime) {
  for (const bool reduce : {false, true}) {
    const Outcome once = explore({.reduce = reduce}, correct_handshake);
    const Outcome again = explore({.reduce = reduce}, correct_handshake);
    EXPECT_EQ(once.schedules, again.schedules);
    EXPECT_EQ(once.steps, again.steps);
    EXPECT_EQ(once.redundant, again.redundant);
  }
}

/// Two threads of n independent steps each have C(2n, n) orders. All of them are equivalent.
TEST(Explorer, CountsAllOrdersOfIndependentSteps) {
  const auto body = [](Program& program) {
    program.actor("a", [] {
      for (int k = 0; k < 3; ++k) yield();
    });
    program.actor("b", [] {
      for (int k = 0; k < 3; ++k) yield();
    });
    program.run();
  };
  const Outcome all = explore({.reduce = false}, body);
  EXPECT_TRUE(all.ok()) << all.report();
  EXPECT_EQ(70u,
            all.schedules);  // four steps each, as the first step leads from the start to a yield()
  const Outcome reduced = explore({}, body);
  EXPECT_TRUE(reduced.ok()) << reduced.report();
  EXPECT_EQ(1u, reduced.schedules - reduced.redundant);
}

TEST(Explorer, FindsLostWakeUp) {
  const Outcome found = explore({}, lost_wake_up);
  EXPECT_FALSE(found.ok());
  EXPECT_EQ("deadlock: main waits for its actors; waiter waits on handshake.condvar1",
            found.violation);
}

TEST(Explorer, ReportsTheStoryOfADeadlock) {
  const Outcome found = explore({}, crossed_locks);
  EXPECT_EQ(
      "deadlock: ab waits for second, held by ba; ba waits for first, held by ab; main waits for "
      "its actors",
      found.violation);
  EXPECT_TRUE(has(found.story, "ab: locks first\n")) << found.story;
  EXPECT_TRUE(has(found.story, "ba: locks second\n")) << found.story;
}

TEST(Explorer, ReplayReproduces) {
  const Outcome found = explore({}, lost_wake_up);
  const Outcome again = replay({}, found.schedule, lost_wake_up);
  EXPECT_EQ(found.violation, again.violation);
  EXPECT_EQ(found.schedule, again.schedule);
  EXPECT_TRUE(again.story.starts_with(found.story.substr(0, found.story.find("\nstandard error"))));
}

TEST(Explorer, ReplayRefusesAScheduleOfAnotherProgram) {
  const Outcome again = replay({}, "bbzz", correct_handshake);
  EXPECT_TRUE(has(again.violation, "does not fit")) << again.report();
}

TEST(Explorer, UseAfterJoinIsFine) {
  const auto body = [](Program&) {
    int value = 0;
    Thread thread;
    ASSERT_TRUE(thread.start({.name = "worker", .tag = &value}, [&] {
      check(current_thread_tag() == &value, "a thread has its tag");
      yield();
      value = 1;
    }));
    check(current_thread_tag() == nullptr, "the test's thread has none");
    thread.join();
    check(!thread.started(), "joined");
    check(value == 1, "the body has ended");
  };
  const Outcome found = explore({}, body);
  EXPECT_TRUE(found.ok()) << found.report();
}

TEST(Explorer, TimedWaitEndsBothWays) {
  const auto body = [](Program& program) {
    Handshake handshake;
    program.actor("waiter", [&] {
      const bool set = handshake.await_until(100);
      outcome((set ? "set at " : "not set at ") + std::to_string(now_ns()));
    });
    program.actor("raiser", [&] { handshake.raise(); });
    program.run();
  };
  const Outcome in_time = explore({.horizon_ns = 99}, body);
  EXPECT_TRUE(in_time.ok()) << in_time.report();
  EXPECT_EQ(std::set<std::string>{"set at 0"}, in_time.outcomes);
  const Outcome both = explore({.horizon_ns = 100}, body);
  EXPECT_TRUE(both.ok()) << both.report();
  EXPECT_EQ((std::set<std::string>{"set at 0", "set at 100", "not set at 100"}), both.outcomes);
}

TEST(Explorer, WaitingBeyondTheHorizonIsReported) {
  const Outcome found = explore({.horizon_ns = 99}, [](Program&) {
    Handshake handshake;
    handshake.await_until(100);
  });
  EXPECT_TRUE(has(found.violation, "before the horizon")) << found.report();
}

TEST(Explorer, PatienceEndsItWhenNobodyElseCanGoOn) {
  const auto body = [](Program& program) {
    Handshake handshake;
    program.actor("waiter", [&] {
      outcome(handshake.await_until(100) ? "set" : "not set");
      outcome(std::to_string(now_ns()));
    });
    program.actor("slow", [&] {
      Handshake never;
      check(!never.await_until(200), "timed out");
      handshake.raise();
    });
    program.run();
  };
  const Outcome found = explore({.patient = true}, body);
  EXPECT_TRUE(found.ok()) << found.report();
  EXPECT_EQ(std::set<std::string>{"100; not set"},
            found.outcomes);  // outcomes are sorted: "100" comes before "not set"
}

/// With `patient`, a wait times out only if no other fiber can continue. So this time-out depends
/// on the steps of all fibers, and the reduction must not leave out such an order.
TEST(Explorer, PatienceIsNotReducedAway) {
  const auto body = [](Program& program) {
    Handshake first;
    Handshake second;
    int seen = 0;
    program.actor("sleeper", [&] {
      MutexLock guard(first.lock);
      first.changed.wait(first.lock);
      yield(&seen, Access::read);
      outcome(seen == 0 ? "before" : "after");
    });
    program.actor("timer", [&] {
      second.await_until(100);
      yield(&seen);
      seen = 1;
    });
    program.run();
  };
  Options options{.spurious_budget = 1, .patient = true, .collect_violations = true};
  const Outcome found = explore(options, body);
  EXPECT_TRUE(found.outcomes.contains("before"));
  EXPECT_TRUE(found.outcomes.contains("after"));
  options.reduce = false;
  EXPECT_EQ(explore(options, body).outcomes, found.outcomes);
}

TEST(Explorer, AdvancedTimeEndsAWaitBeyondTheHorizon) {
  const Outcome found = explore({}, [](Program& program) {
    Handshake handshake;
    program.actor("waiter", [&] { check(!handshake.await_until(100), "timed out"); });
    program.actor("time", [] { advance_to(150); });
    program.run();
    outcome(std::to_string(SimClock().now_ns()));
  });
  EXPECT_TRUE(found.ok()) << found.report();
  EXPECT_EQ(std::set<std::string>{"150"}, found.outcomes);
}

/// The waiter has `if` in place of `while`. This fails only if a wait can end without a
/// notification.
TEST(Explorer, SpuriousWakeUpsStayWithinTheirBudget) {
  const auto body = [](Program& program) {
    Handshake handshake;
    program.actor("waiter", [&] {
      MutexLock guard(handshake.lock);
      if (!handshake.set) handshake.changed.wait(handshake.lock);
      check(handshake.set, "set after the wait");
    });
    program.actor("raiser", [&] { handshake.raise(); });
    program.run();
  };
  EXPECT_TRUE(explore({}, body).ok());
  const Outcome found = explore({.spurious_budget = 1}, body);
  EXPECT_EQ("set after the wait", found.violation);
  EXPECT_TRUE(has(found.schedule, "~"));
}

TEST(Explorer, PreemptionBoundIsKeptAndCounted) {
  const Outcome none = explore({.preemption_bound = 0}, crossed_locks);
  EXPECT_TRUE(none.ok()) << none.report();
  EXPECT_GT(none.cut, 0u);
  const Outcome one = explore({.preemption_bound = 1}, crossed_locks);
  EXPECT_TRUE(has(one.violation, "deadlock")) << one.report();
}

TEST(Explorer, StoppedSearchIsNotOk) {
  const Outcome found = explore({.reduce = false, .max_schedules = 2}, correct_handshake);
  EXPECT_FALSE(found.ok());
  EXPECT_EQ(2u, found.schedules);
  EXPECT_TRUE(has(found.report(), "NOT COMPLETE"));
}

TEST(Explorer, DetectsNondeterministicPrograms) {
  const auto body = [](Program& program) {
    static int runs = 0;
    const bool odd = ++runs % 2 != 0;
    Mutex lock;
    Mutex other;
    program.actor("a", [&] {
      { MutexLock guard(odd ? lock : other); }
      yield();
      yield();
    });
    program.actor("b", [&] { MutexLock guard(lock); });
    program.run();
  };
  EXPECT_TRUE(has(explore({.reduce = false}, body).violation, "nondeterministic"));
}

TEST(Explorer, SpinningIsReported) {
  const Outcome found = explore({.max_steps = 100}, [](Program&) {
    for (;;) yield();
  });
  EXPECT_TRUE(has(found.violation, "spin")) << found.report();
}

TEST(Explorer, HangBetweenChoicePointsIsReported) {
  const Outcome found = explore({.watchdog_s = 1}, [](Program&) {
    for (volatile int forever = 1; forever != 0;) {
    }
  });
  EXPECT_TRUE(has(found.violation, "hangs")) << found.report();
}

}  // namespace
}  // namespace dmasim::sim
