// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/sync.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#include <array>
#include <cerrno>
#include <string>

#include "engine/base/clock.h"

namespace dmasim {
namespace {

int64_t now_ns() { return RealtimeClock().now_ns(); }

/// Runs `body` on an engine thread of its own.
void run_on_thread(const Thread::Options& options, std::function<void()> body) {
  Thread thread;
  ASSERT_TRUE(thread.start(options, std::move(body)));
  EXPECT_TRUE(thread.started());
  thread.join();
  EXPECT_FALSE(thread.started());
}

TEST(MutexLock, GuardsACounterAgainstTwoThreads) {
  struct {
    Mutex lock;
    int count DMASIM_GUARDED_BY(lock) = 0;
  } shared;
  const auto count_up = [&shared] {
    for (int i = 0; i < 10'000; ++i) {
      MutexLock guard(shared.lock);
      ++shared.count;
    }
  };
  Thread first;
  Thread second;
  ASSERT_TRUE(first.start({.name = "first"}, count_up));
  ASSERT_TRUE(second.start({.name = "second"}, count_up));
  first.join();
  second.join();
  MutexLock guard(shared.lock);
  EXPECT_EQ(shared.count, 20'000);
}

TEST(MutexLock, OpensAGapInItsScope) {
  Mutex lock;
  bool inside = false;
  MutexLock guard(lock);
  guard.unlock();
  run_on_thread({.name = "inside"}, [&] {
    MutexLock other(lock);
    inside = true;
  });
  guard.lock();
  EXPECT_TRUE(inside);
}

TEST(CondVar, DistinguishesAPassedDeadlineFromANotification) {
  Mutex lock;
  CondVar changed;
  MutexLock guard(lock);
  EXPECT_FALSE(changed.wait_until(lock, now_ns() - 1));
  EXPECT_FALSE(changed.wait_until(lock, -5));
  const int64_t deadline_ns = now_ns() + 1'000'000;
  bool notified = true;
  while (notified && now_ns() < deadline_ns + 5'000'000'000) {
    notified = changed.wait_until(lock, deadline_ns);
  }
  EXPECT_FALSE(notified);
  EXPECT_GE(now_ns(), deadline_ns);
}

TEST(CondVar, WakesWhoWaitsForEver) {
  struct {
    Mutex lock;
    CondVar changed;
    bool ready DMASIM_GUARDED_BY(lock) = false;
  } shared;
  Thread waiter;
  ASSERT_TRUE(waiter.start({.name = "waiter"}, [&shared] {
    MutexLock guard(shared.lock);
    while (!shared.ready) {
      EXPECT_TRUE(shared.changed.wait_until(shared.lock, kNever));
    }
  }));
  {
    MutexLock guard(shared.lock);
    shared.ready = true;
    shared.changed.notify_all();
  }
  waiter.join();
}

/// Three threads wait, and one notification ends their waits. Answers how many it has woken.
int waiters_woken_of_three() {
  struct {
    Mutex lock;
    CondVar changed;
    int waiting DMASIM_GUARDED_BY(lock) = 0;
    bool ready DMASIM_GUARDED_BY(lock) = false;
    int woken DMASIM_GUARDED_BY(lock) = 0;
  } shared;
  const auto wait = [&shared] {
    const int64_t patience_ns = now_ns() + 5'000'000'000;
    MutexLock guard(shared.lock);
    ++shared.waiting;
    shared.changed.notify_all();
    while (!shared.ready && now_ns() < patience_ns) {
      shared.changed.wait_until(shared.lock, patience_ns);
    }
    shared.woken += static_cast<int>(shared.ready && now_ns() < patience_ns);
  };
  std::array<Thread, 3> threads;
  for (Thread& each : threads) EXPECT_TRUE(each.start({.name = "waiter"}, wait));
  {
    const int64_t patience_ns = now_ns() + 5'000'000'000;
    MutexLock guard(shared.lock);
    while (shared.waiting < 3 && now_ns() < patience_ns) {
      shared.changed.wait_until(shared.lock, patience_ns);
    }
    shared.ready = true;
    shared.changed.notify_all();
  }
  for (Thread& each : threads) each.join();
  MutexLock guard(shared.lock);
  return shared.woken;
}

/// A thread that is notified before it sleeps does not need to be woken. So many rounds: in some of
/// them all three sleep.
TEST(CondVar, WakesEveryWaiter) {
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_EQ(waiters_woken_of_three(), 3) << "in round " << round;
  }
}

/// Each thread waits with a deadline that is often over at once.
TEST(CondVar, LosesNoTurnOfTwoThreadsThatAlternate) {
  struct {
    Mutex lock;
    CondVar changed;
    int turns DMASIM_GUARDED_BY(lock) = 0;
    bool lost DMASIM_GUARDED_BY(lock) = false;
  } shared;
  constexpr int kTurns = 20'000;
  const auto alternate = [&shared](int mine) {
    MutexLock guard(shared.lock);
    while (shared.turns < kTurns && !shared.lost) {
      if (shared.turns % 2 == mine) {
        ++shared.turns;
        shared.changed.notify_all();
      } else if (shared.turns % 16 == 0) {
        shared.changed.wait_until(shared.lock, now_ns() + 1'000);
      } else {
        shared.lost = !shared.changed.wait_until(shared.lock, now_ns() + 5'000'000'000);
      }
    }
  };
  Thread even;
  Thread odd;
  ASSERT_TRUE(even.start({.name = "even"}, [&] { alternate(0); }));
  ASSERT_TRUE(odd.start({.name = "odd"}, [&] { alternate(1); }));
  even.join();
  odd.join();
  MutexLock guard(shared.lock);
  EXPECT_FALSE(shared.lost);
  EXPECT_EQ(shared.turns, kTurns);
}

TEST(Thread, BlocksEverySignalAndLeavesTheStartersMask) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  run_on_thread({.name = "masked"}, [] {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGCHLD, SIGPIPE, SIGXFSZ, SIGIO}) {
      EXPECT_EQ(sigismember(&mask, number), 1) << number;
    }
  });
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
  EXPECT_EQ(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
}

TEST(Thread, CarriesItsNameCutToFifteenCharacters) {
  std::string name(32, '\0');
  run_on_thread({.name = "a-name-that-is-too-long"},
                [&] { pthread_getname_np(pthread_self(), name.data(), name.size()); });
  EXPECT_STREQ(name.c_str(), "a-name-that-is-");
}

TEST(Thread, SleepsWithTheLeastTimerSlack) {
  int slack_ns = 0;
  run_on_thread({.name = "slack"}, [&] { slack_ns = prctl(PR_GET_TIMERSLACK); });
  EXPECT_EQ(slack_ns, 1);
}

TEST(Thread, SchedulesByItsOptionsNotByItsStarter) {
  int policy = -1;
  int policy_of_starter = -1;
  sched_param of_starter{};
  Thread realtime;
  const auto started = realtime.start({.name = "realtime", .rt_priority = 5}, [&] {
    pthread_getschedparam(pthread_self(), &policy_of_starter, &of_starter);
    run_on_thread({.name = "plain"}, [&] {
      sched_param parameters{};
      pthread_getschedparam(pthread_self(), &policy, &parameters);
    });
  });
  if (!started) {
    EXPECT_EQ(started.error(), EPERM);
    EXPECT_FALSE(realtime.started());
    GTEST_SKIP() << "real-time threads are not allowed here";
  }
  realtime.join();
  EXPECT_EQ(policy_of_starter, SCHED_FIFO);
  EXPECT_EQ(of_starter.sched_priority, 5);
  EXPECT_EQ(policy, SCHED_OTHER);
}

TEST(Thread, RefusesAPriorityThatDoesNotExist) {
  Thread thread;
  EXPECT_EQ(thread.start({.name = "high", .rt_priority = 100}, [] {}).error(), EINVAL);
  EXPECT_EQ(thread.start({.name = "low", .rt_priority = -1}, [] {}).error(), EINVAL);
}

TEST(Thread, KnowsItsTag) {
  const int owner = 0;
  const void* tag = nullptr;
  EXPECT_EQ(current_thread_tag(), nullptr);
  run_on_thread({.name = "tagged", .tag = &owner}, [&] { tag = current_thread_tag(); });
  EXPECT_EQ(tag, &owner);
  EXPECT_EQ(current_thread_tag(), nullptr);
}

TEST(Thread, StartsAgainAfterItWasJoined) {
  Thread thread;
  int runs = 0;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(thread.start({.name = "again"}, [&] { ++runs; }));
    thread.join();
  }
  EXPECT_EQ(runs, 2);
}

TEST(StallUntil, ReturnsNotBeforeTheDeadline) {
  const int64_t deadline_ns = now_ns() + 1'000'000;
  stall_until(deadline_ns);
  EXPECT_GE(now_ns(), deadline_ns);
  stall_until(-1);
}

}  // namespace
}  // namespace dmasim
