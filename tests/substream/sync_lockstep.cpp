// SPDX-License-Identifier: LGPL-2.1-or-later
// The bodies of engine/base/sync.h for lockstep.h. The threads are real, but only the one that has
// the turn runs.
#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/sync.h"
#include "tests/substream/lockstep.h"

namespace dmasim {
namespace {

[[noreturn]] void die(const char* why) {
  std::fprintf(stderr, "lockstep: %s\n", why);
  std::abort();
}

/// The state of a thread, for the code that gives the turn.
struct Runner {
  std::condition_variable turn;
  bool ready = true;
  const void* waits_on = nullptr;
  int64_t deadline_ns = kNever;
  bool timed_out = false;
};

thread_local Runner* t_self = nullptr;
thread_local const void* t_tag = nullptr;

/// Which thread has the turn, and the time. There is one object in the process.
class Stage {
 public:
  static Stage& instance() {
    static Stage stage;
    return stage;
  }

  int64_t now_ns() {
    const std::lock_guard guard(lock_);
    return now_ns_;
  }

  int64_t look() {
    const std::lock_guard guard(lock_);
    const int64_t seen_ns = now_ns_;
    now_ns_ += look_ns_;
    return seen_ns;
  }
  void each_look_takes(int64_t ns) {
    const std::lock_guard guard(lock_);
    look_ns_ = ns;
  }

  void add(Runner& runner) {
    const std::lock_guard guard(lock_);
    others_.push_back(&runner);
  }
  /// A new thread calls it first.
  void enter(Runner& runner) {
    std::unique_lock guard(lock_);
    t_self = &runner;
    await_turn(guard, runner);
  }
  /// A thread calls it last. `runner` may be destroyed afterwards.
  void leave(Runner& runner, const void* end) {
    const std::lock_guard guard(lock_);
    others_.erase(std::find(others_.begin(), others_.end(), &runner));
    wake_locked(end);
    runner.ready = false;
    give_turn();
  }

  /// Answers false if `deadline_ns` came first.
  bool wait(const void* what, int64_t deadline_ns) {
    std::unique_lock guard(lock_);
    Runner& me = self();
    me.ready = me.timed_out = false;
    me.waits_on = what;
    me.deadline_ns = deadline_ns;
    give_turn();
    await_turn(guard, me);
    return !me.timed_out;
  }
  void wake(const void* what) {
    const std::lock_guard guard(lock_);
    wake_locked(what);
  }

  void settle() {
    std::unique_lock guard(lock_);
    settle_locked(guard);
  }
  void jump_to(int64_t at_ns) {
    const std::lock_guard guard(lock_);
    now_ns_ = std::max(now_ns_, at_ns);
  }
  void advance_to(int64_t at_ns) {
    std::unique_lock guard(lock_);
    settle_locked(guard);
    while (next_deadline() <= at_ns) {
      move_to(next_deadline());
      settle_locked(guard);
    }
    now_ns_ = std::max(now_ns_, at_ns);
  }
  int64_t next_wake_up_ns() {
    std::unique_lock guard(lock_);
    settle_locked(guard);
    return next_deadline();
  }
  void at(int64_t at_ns, std::function<void()> deed) {
    const std::lock_guard guard(lock_);
    deeds_.emplace(at_ns, std::move(deed));
  }

 private:
  Runner& self() { return t_self != nullptr ? *t_self : main_; }

  /// Waits for the turn. The test's own thread runs the functions of at() while it waits.
  void await_turn(std::unique_lock<std::mutex>& guard, Runner& me) {
    for (;;) {
      while (current_ != &me) me.turn.wait(guard);
      if (due_deeds_.empty()) {
        if (me.ready) return;
        give_turn();
        continue;
      }
      const std::function<void()> deed = std::move(due_deeds_.front());
      due_deeds_.erase(due_deeds_.begin());
      guard.unlock();
      deed();
      guard.lock();
    }
  }

  static void make_ready(Runner& runner, bool timed_out) {
    runner.ready = true;
    runner.timed_out = timed_out;
    runner.waits_on = nullptr;
    runner.deadline_ns = kNever;
  }
  void wake_locked(const void* what) {
    for_each([&](Runner& each) {
      if (!each.ready && each.waits_on == what) make_ready(each, false);
    });
  }
  void wake_due() {
    for_each([&](Runner& each) {
      if (!each.ready && each.deadline_ns <= now_ns_) make_ready(each, true);
    });
  }
  template <typename Use>
  void for_each(Use use) {
    for (Runner* each : others_) use(*each);
    use(main_);
  }

  [[nodiscard]] int64_t next_deadline() {
    int64_t next_ns = deeds_.empty() ? kNever : deeds_.begin()->first;
    for_each([&](const Runner& each) {
      if (!each.ready) next_ns = std::min(next_ns, each.deadline_ns);
    });
    return next_ns;
  }
  void move_to(int64_t at_ns) {
    now_ns_ = std::max(now_ns_, at_ns);
    while (!deeds_.empty() && deeds_.begin()->first <= now_ns_) {
      due_deeds_.push_back(std::move(deeds_.begin()->second));
      deeds_.erase(deeds_.begin());
    }
  }

  /// The next thread that can run. The test's own thread comes last, so that all others wait by
  /// then.
  Runner* first_ready() {
    wake_due();
    if (!due_deeds_.empty()) return &main_;
    for (Runner* each : others_) {
      if (each->ready) return each;
    }
    return main_.ready ? &main_ : nullptr;
  }
  void give_turn() {
    Runner* next = first_ready();
    while (next == nullptr) {
      if (next_deadline() == kNever) die("everybody waits, and for no time");
      move_to(next_deadline());
      next = first_ready();
    }
    current_ = next;
    next->turn.notify_one();
  }
  /// The test's thread lets the others run. It stays ready, so that it gets the turn afterwards.
  void settle_locked(std::unique_lock<std::mutex>& guard) {
    if (&self() != &main_) die("only the test's own thread moves time");
    give_turn();
    await_turn(guard, main_);
  }

  std::mutex lock_;
  Runner main_;
  std::vector<Runner*> others_;
  Runner* current_ = &main_;
  int64_t now_ns_ = 0;
  int64_t look_ns_ = 0;
  std::multimap<int64_t, std::function<void()>> deeds_;
  std::vector<std::function<void()>> due_deeds_;
};

}  // namespace

int64_t lockstep::now_ns() noexcept { return Stage::instance().now_ns(); }
void lockstep::each_look_takes(int64_t ns) { Stage::instance().each_look_takes(ns); }
int64_t lockstep::LockstepClock::now_ns() const noexcept { return Stage::instance().look(); }
void lockstep::settle() { Stage::instance().settle(); }
void lockstep::advance_to(int64_t at_ns) { Stage::instance().advance_to(at_ns); }
void lockstep::jump_to(int64_t at_ns) { Stage::instance().jump_to(at_ns); }
int64_t lockstep::next_wake_up_ns() { return Stage::instance().next_wake_up_ns(); }
void lockstep::at(int64_t at_ns, std::function<void()> deed) {
  Stage::instance().at(at_ns, std::move(deed));
}

Mutex::Mutex() noexcept { pthread_mutex_init(&native_, nullptr); }
Mutex::~Mutex() {
  if (pthread_mutex_destroy(&native_) != 0) die("a mutex is destroyed while it is held");
}
void Mutex::lock() noexcept {
  while (pthread_mutex_trylock(&native_) == EBUSY) Stage::instance().wait(&native_, kNever);
}
void Mutex::unlock() noexcept {
  pthread_mutex_unlock(&native_);
  Stage::instance().wake(&native_);
}

CondVar::CondVar() noexcept = default;
CondVar::~CondVar() = default;
void CondVar::wait(Mutex& mutex) noexcept { wait_until(mutex, kNever); }
bool CondVar::wait_until(Mutex& mutex, int64_t deadline_ns) noexcept {
  mutex.unlock();
  const bool notified = Stage::instance().wait(&native_, deadline_ns);
  mutex.lock();
  return notified;
}
void CondVar::notify_all() noexcept { Stage::instance().wake(&native_); }

struct Thread::Impl {
  Runner runner;
  bool ended = false;
  std::thread native;
};

Thread::Thread() noexcept = default;
Thread::~Thread() {
  if (started()) die("a thread is destroyed before it was joined");
}
Result<void> Thread::start(const Options& options, std::function<void()> body) {
  impl_ = std::make_unique<Impl>();
  Stage::instance().add(impl_->runner);
  impl_->native = std::thread([impl = impl_.get(), tag = options.tag, body = std::move(body)] {
    Stage::instance().enter(impl->runner);
    t_tag = tag;
    body();
    impl->ended = true;
    Stage::instance().leave(impl->runner, impl);
  });
  return {};
}
void Thread::join() noexcept {
  while (!impl_->ended) Stage::instance().wait(impl_.get(), kNever);
  impl_->native.join();
  impl_.reset();
}

const void* current_thread_tag() noexcept { return t_tag; }

void stall_until(int64_t deadline_ns) noexcept {
  while (Stage::instance().now_ns() < deadline_ns) Stage::instance().wait(nullptr, deadline_ns);
}

}  // namespace dmasim
