// SPDX-License-Identifier: LGPL-2.1-or-later
// The explorer reports crashes and wrong uses of threads, mutexes and condition variables.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/interleaving/explorer.h"
#include "tests/interleaving/handshake.h"

namespace dmasim::sim {
namespace {

/// A program of two actors. It crashes in only one of their two orders.
Body crash_with(std::function<void()> crash) {
  return [crash](Program& program) {
    Handshake handshake;
    program.actor("victim", [&] {
      MutexLock guard(handshake.lock);
      if (handshake.set) crash();
    });
    program.actor("raiser", [&] { handshake.raise(); });
    program.run();
  };
}

TEST(ExplorerRules, ReportsTheScheduleOfACrash) {
  const Outcome found = explore({}, crash_with([] {
                                  add_to_story("about to crash");
                                  std::abort();
                                }));
  EXPECT_TRUE(has(found.violation, "Aborted")) << found.report();
  EXPECT_TRUE(has(found.story, "about to crash")) << found.report();
  const Outcome again = replay({}, found.schedule, crash_with([] { std::abort(); }));
  EXPECT_EQ(found.violation, again.violation);
}

TEST(ExplorerRules, ReportsExceptionsThatLeaveAThread) {
  const Outcome found = explore({}, crash_with([] { throw std::runtime_error("oh"); }));
  EXPECT_FALSE(found.violation.empty());
  EXPECT_TRUE(has(found.story, "runtime_error")) << found.report();
}

/// Each fiber has its own exceptions, both in flight and in handlers.
TEST(ExplorerRules, ExceptionsMayCrossChoicePoints) {
  const auto thrower = [](int value) {
    try {
      throw value;
    } catch (const int& caught) {
      yield();
      check(caught == value, "its own exception");
      try {
        throw;
      } catch (const int& again) {
        check(again == value, "its own exception again");
      }
    }
  };
  const Outcome found = explore({.reduce = false}, [&](Program& program) {
    program.actor("one", [&] { thrower(1); });
    program.actor("two", [&] { thrower(2); });
    program.run();
  });
  EXPECT_TRUE(found.ok()) << found.report();
}

std::string violation_of(const Body& body, const Options& options = {}) {
  return explore(options, body).violation;
}

TEST(ExplorerRules, DetectsMisuseOfMutexes) {
  EXPECT_TRUE(has(violation_of([](Program&) DMASIM_TSA(no_thread_safety_analysis) {
                    Mutex lock;
                    lock.lock();
                    lock.lock();
                  }),
                  "which it holds"));
  EXPECT_TRUE(has(violation_of([](Program&) DMASIM_TSA(no_thread_safety_analysis) {
                    Mutex lock;
                    lock.unlock();
                  }),
                  "which no thread holds"));
  EXPECT_TRUE(has(violation_of([](Program&) DMASIM_TSA(no_thread_safety_analysis) {
                    Mutex lock;
                    lock.lock();
                  }),
                  "destroys mutex#"));
}

TEST(ExplorerRules, DetectsUseOfADestroyedMutex) {
  EXPECT_TRUE(has(violation_of([](Program& program) {
                    auto handshake = std::make_unique<Handshake>();
                    program.actor("user", [&, raw = handshake.get()] { raw->raise(); });
                    program.actor("owner", [&] { yield(), handshake.reset(); });
                    program.run();
                  }),
                  "destroyed"));
}

/// The owner frees the CondVar before the raiser notifies it.
TEST(ExplorerRules, DetectsNotificationOfADestroyedCondVar) {
  EXPECT_FALSE(violation_of([](Program& program) {
                 auto changed = std::make_unique<CondVar>();
                 Mutex lock;
                 bool set = false;
                 program.actor("raiser", [&, raw = changed.get()] {
                   {
                     MutexLock guard(lock);
                     set = true;
                   }
                   raw->notify_all();
                 });
                 program.actor("owner", [&] {
                   MutexLock guard(lock);
                   if (set) changed.reset();
                 });
                 program.run();
               }).empty());
}

/// As above, but the object that is used too late is neither a Mutex nor a CondVar. Only with
/// `gaps` can another fiber run between the unlock and the use.
Body use_after_unlock(bool owner_first) {
  return [owner_first](Program& program) {
    auto handshake = std::make_unique<Handshake>();
    bool freed = false;
    const auto use = [&, raw = handshake.get()] {
      raw->raise();
      outcome(freed ? "used after it was freed" : "used before");
    };
    const auto own = [&] {
      handshake->await();
      handshake.reset();
      freed = true;
    };
    program.actor("first", owner_first ? std::function<void()>(own) : use);
    program.actor("second", owner_first ? std::function<void()>(use) : own);
    program.run();
  };
}

TEST(ExplorerRules, GapsShowUseOfMemoryAfterUnlock) {
  for (const bool owner_first : {false, true}) {
    const Body body = use_after_unlock(owner_first);
    EXPECT_EQ(std::set<std::string>{"used before"}, explore({}, body).outcomes);
    EXPECT_EQ((std::set<std::string>{"used before", "used after it was freed"}),
              explore({.gaps = true}, body).outcomes);
  }
}

TEST(ExplorerRules, DetectsMisuseOfCondVars) {
  EXPECT_TRUE(has(violation_of([](Program& program) {
                    auto changed = std::make_unique<CondVar>();
                    Mutex lock;
                    program.actor("waiter", [&] {
                      MutexLock guard(lock);
                      changed->wait(lock);
                    });
                    program.actor("owner", [&] { changed.reset(); });
                    program.run();
                  }),
                  "on which a thread waits"));
}

TEST(ExplorerRules, DetectsMisuseOfThreads) {
  EXPECT_TRUE(has(violation_of([](Program&) {
                    Thread thread;
                    (void)thread.start({.name = "worker"}, [] {});
                  }),
                  "not joined"));
  EXPECT_TRUE(has(violation_of([](Program& program) { program.actor("late", [] {}); }),
                  "late is still running"));
}

TEST(ExplorerRules, DetectsLeftovers) {
  static Mutex* leaked = nullptr;
  EXPECT_TRUE(has(violation_of([](Program&) {
                    leaked = new Mutex;
                    name(leaked, "leaked");
                  }),
                  "not destroyed at the end: leaked"));
}

/// No image of a run contains statics or the caller's variables.
TEST(ExplorerRules, DetectsChangesOfStaticsAndOfTheCallersVariables) {
  static int runs = 0;
  const auto with = [](int& variable) {
    return [&variable](Program& program) {
      for (int k = 0; k < 3; ++k) program.actor("actor", [] { yield(nullptr); });
      program.run();
      ++variable;
    };
  };
  int mine = 0;
  EXPECT_TRUE(has(violation_of(with(runs)), "changes a static, or a variable of its caller"));
  EXPECT_TRUE(has(violation_of(with(mine)), "changes a static, or a variable of its caller"));
}

/// Images of runs are correct although a static that is made on first use keeps memory, and
/// although a fiber may be inside the handler of an exception.
TEST(ExplorerRules, ImagesOfRunsLeaveStaticsAndExceptionsWhole) {
  const auto handler = [](int value) {
    static const std::vector<int> made_on_first_use(100, 7);
    check(made_on_first_use.back() == 7, "a static that was made on first use");
    try {
      throw std::runtime_error("exception " + std::to_string(value));
    } catch (const std::runtime_error& caught) {
      for (int k = 0; k < 3; ++k) yield(nullptr);
      check(caught.what() == "exception " + std::to_string(value), "its own exception");
    }
    for (int k = 0; k < 2; ++k) yield(nullptr);
  };
  const auto body = [&](Program& program) {
    program.actor("one", [&] { handler(1); });
    program.actor("two", [&] { handler(2); });
    program.run();
  };
  const Outcome found = explore({}, body);
  EXPECT_TRUE(found.ok()) << found.report();
  EXPECT_GT(found.schedules, 100u);
  EXPECT_EQ(explore({.whole_runs = true}, body).schedules, found.schedules);
}

TEST(ExplorerRules, NeverWaitsIsKept) {
  const auto body = [](Program& program) {
    Handshake handshake;
    program.actor("hook", [&] {
      const NeverWaits promise("the hook");
      handshake.await();
    });
    program.actor("raiser", [&] { handshake.raise(); });
    program.run();
  };
  EXPECT_EQ("hook waits on a condition variable in the hook", violation_of(body));
}

/// A test fixture may own a Mutex. At the beginning of each run it is unlocked.
TEST(ExplorerRules, ObjectsFromOutsideLiveThroughAllRuns) {
  Handshake handshake;
  const Outcome found = explore({}, [&](Program& program) {
    program.actor("a", [&] { MutexLock guard(handshake.lock); });
    program.actor("b", [&] { MutexLock guard(handshake.lock); });
    program.run();
  });
  EXPECT_TRUE(found.ok()) << found.report();
  MutexLock guard(handshake.lock);
}

}  // namespace
}  // namespace dmasim::sim
