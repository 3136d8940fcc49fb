// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/process/exit_flush.h"

#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

#include "engine/base/at_fork.h"
#include "engine/base/clock.h"
#include "engine/base/sync.h"

namespace dmasim {
namespace {

constexpr int64_t kPatienceNs = 3'000'000'000;

/// The thread that flushes reports its end here. It may run longer than at_exit() waits.
struct Done {
  Mutex lock;
  CondVar changed;
  bool done DMASIM_GUARDED_BY(lock) = false;
};

}  // namespace

/// An object with a destructor, and no call of atexit(): the thread sanitizer does not connect an
/// atexit() handler with the module, and would call it after the module has been unloaded.
struct ExitFlush::AtExit {
  ~AtExit() { at_exit(); }
};

struct ExitFlush::Registry {
  Mutex lock;
  ExitFlush* first DMASIM_GUARDED_BY(lock) = nullptr;
  std::atomic<unsigned> count{0};  // at_exit() reads it, which must not take the lock
};

/// It is never destroyed, because programs close PCMs in their own exit handlers, before and after
/// the module's handler. A forked child makes a new one in its place, since another thread may have
/// held the lock at the fork.
ExitFlush::Registry& ExitFlush::registry() noexcept {
  alignas(Registry) static std::byte place[sizeof(Registry)];
  static const AtExit flush;
  static Registry* const made = [] {
    at_fork(ForkTurn::exit_flush, []() noexcept { new (place) Registry; });
    return new (place) Registry;
  }();
  return *made;
}

ExitFlush::ExitFlush(std::function<void()> flush) noexcept : flush_(std::move(flush)) {
  Registry& all = registry();
  MutexLock guard(all.lock);
  next_ = all.first;
  if (next_ != nullptr) next_->link_ = &next_;
  all.first = this;
  link_ = &all.first;
  ++all.count;
}

ExitFlush::~ExitFlush() {
  Registry& all = registry();
  MutexLock guard(all.lock);
  --all.count;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
}

/// A thread that closes a PCM in the meantime waits until all are flushed.
void ExitFlush::flush_all() noexcept {
  Registry& all = registry();
  MutexLock guard(all.lock);
  for (ExitFlush* each = all.first; each != nullptr; each = each->next_) each->flush_();
}

/// Flushes on another thread. The exiting thread may have called exit() in a signal handler that
/// interrupted a hook, and may hold a lock.
void ExitFlush::at_exit() noexcept try {
  if (registry().count == 0) return;
  auto* const outcome = new Done;  // not freed if the thread does not end in time
  auto* const thread = new Thread;
  const Result<void> started = thread->start({.name = "dmasim-exit"}, [outcome] {
    flush_all();
    MutexLock guard(outcome->lock);
    outcome->done = true;
    outcome->changed.notify_all();
  });
  const int64_t deadline_ns = RealtimeClock().now_ns() + kPatienceNs;
  bool done = !started;
  if (started) {
    MutexLock guard(outcome->lock);
    while (!outcome->done && outcome->changed.wait_until(outcome->lock, deadline_ns)) {
    }
    done = outcome->done;
  }
  if (!done) return;
  if (started) thread->join();
  delete thread;
  delete outcome;
} catch (const std::bad_alloc&) {
  return;  // then the recordings lack the last frames
}

}  // namespace dmasim
