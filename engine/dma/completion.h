// SPDX-License-Identifier: LGPL-2.1-or-later
/// The thread on which completion callbacks run. It is virt-dma's tasklet and the timer of the
/// hardware in one. It serves one channel, or all channels of a controller.
///
/// LOCKING   lock() is the channel lock of every channel that the thread serves. It guards their
///           state, the memory that the DMA uses, and the queue here. Of this engine's locks, only
///           a sink's or source's is taken under it.
/// THREADS   the thread sleeps without a timeout while no channel has a deadline.
#pragma once

#include "engine/base/clock.h"
#include "engine/base/sync.h"
#include "engine/dma/service_queue.h"

namespace dmasim {

class Channel;

class CompletionThread {
 public:
  struct Options {
    unsigned number = 0;        ///< shown in the thread's name, dmasim-irq/<number>
    int rt_priority = 0;        ///< see Thread::Options
    const void* tag = nullptr;  ///< the controller; current_thread_tag() answers it in callbacks
  };

  CompletionThread(const Clock& clock, const Options& options) : clock_(clock), options_(options) {}
  ~CompletionThread();
  CompletionThread(const CompletionThread&) = delete;
  CompletionThread& operator=(const CompletionThread&) = delete;

  /// [any] Says whether this is the clock by which the thread sleeps.
  [[nodiscard]] bool runs_by(const Clock& clock) const noexcept { return &clock == &clock_; }

  [[nodiscard]] Mutex& lock() noexcept DMASIM_RETURN_CAPABILITY(lock_) { return lock_; }

  /// [any] Adds a channel, which has no deadline yet.
  void attach() DMASIM_EXCLUDES(lock_);
  /// [!C] Removes a channel, which has no deadline any more. After the last one the thread ends.
  void detach() DMASIM_EXCLUDES(lock_, start_lock_);

  /// [!C] Starts the thread if it does not run. Errors: those of Thread::start.
  Result<void> start() DMASIM_EXCLUDES(lock_, start_lock_);

  /// Tells clang that `lock`, which a channel of this thread holds, is lock().
  void assert_lock(const Mutex& lock) const noexcept DMASIM_TSA(assert_capability(lock_));

  /// [any] `channel` needs the thread at `at_ns` of the thread's clock. kNever: not any more. If
  /// the thread serves other channels too, it may come up to `slack_ns` later, to serve several in
  /// one wake-up.
  void schedule(Channel& channel, int64_t at_ns, int64_t slack_ns) DMASIM_REQUIRES(lock_);
  /// [any] A channel has gone quiet. If no channel needs the thread any more, a thread that sleeps
  /// until a deadline wakes now and not then.
  void forget_old_deadline() DMASIM_REQUIRES(lock_);

 private:
  void run() DMASIM_EXCLUDES(lock_);
  void sleep_until(int64_t deadline_ns) DMASIM_REQUIRES(lock_);
  void wake() DMASIM_REQUIRES(lock_);
  void stop() DMASIM_EXCLUDES(lock_) DMASIM_REQUIRES(start_lock_);

  const Clock& clock_;
  const Options options_;

  Mutex start_lock_ DMASIM_ACQUIRED_BEFORE(lock_);  // serializes start and stop
  Thread thread_ DMASIM_GUARDED_BY(start_lock_);

  Mutex lock_;
  CondVar kick_;  // the first deadline has become earlier, or quit_ is set
  ServiceQueue queue_ DMASIM_GUARDED_BY(lock_);
  unsigned channels_ DMASIM_GUARDED_BY(lock_) = 0;
  int64_t sleeping_until_ns_ DMASIM_GUARDED_BY(lock_) = INT64_MIN;  // INT64_MIN: not asleep
  bool quit_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim
