// SPDX-License-Identifier: LGPL-2.1-or-later
/// All that dmasim's threads use to synchronize: a mutex, a condition variable, a thread.
///
/// The bodies are chosen by the linker. sync_std.cpp and condvar_std.cpp implement them over
/// pthreads and a futex. The schedule explorer of the tests links its own bodies instead, and so
/// decides every lock, wait, wake-up and time-out. Code above this header is the same in both,
/// without template, #ifdef or hook.
///
/// TIME   deadlines are CLOCK_MONOTONIC nanoseconds; kNever never comes.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "engine/base/annotations.h"
#include "engine/base/never.h"
#include "engine/base/result.h"

namespace dmasim {

/// A plain, non-recursive mutex. Clang checks that every field it guards is accessed under it.
class DMASIM_CAPABILITY("mutex") Mutex {
 public:
  Mutex() noexcept;
  ~Mutex();
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() noexcept DMASIM_ACQUIRE();
  void unlock() noexcept DMASIM_RELEASE();

 private:
  friend class CondVar;
  pthread_mutex_t native_;
};

/// Holds a Mutex for a scope. unlock() and lock() release it for a part of the scope, for example
/// during a completion callback, which never runs under a lock.
class DMASIM_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) noexcept DMASIM_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() DMASIM_RELEASE() {
    if (held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() noexcept DMASIM_RELEASE() {
    held_ = false;
    mutex_.unlock();
  }
  void lock() noexcept DMASIM_ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

/// Waits until something changes that a Mutex guards. Wake-ups may be spurious: always wait in a
/// `while` loop that names the condition (the analysis cannot look into predicate lambdas). There
/// is no notify_one: a thread whose condition is still false waits again.
class CondVar {
 public:
  CondVar() noexcept;
  ~CondVar();
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void wait(Mutex& mutex) noexcept DMASIM_REQUIRES(mutex);
  /// Answers false if `deadline_ns` passed before a notification.
  bool wait_until(Mutex& mutex, int64_t deadline_ns) noexcept DMASIM_REQUIRES(mutex);
  /// Call it with the mutex, or after the condition was changed under the mutex.
  void notify_all() noexcept;

 private:
  struct Native {
    uint32_t notifications = 0;
    uint32_t waiters = 0;
    uint64_t unused = 0;  // the explorer's bodies keep other data in all of this
  };
  Native native_;
};

/// A thread of the engine. It blocks every signal, has a name, and sleeps with the least timer
/// slack. Its scheduling is set explicitly, because a client may start the stream from its own
/// SCHED_FIFO thread.
class Thread {
 public:
  struct Options {
    const char* name;           ///< at most 15 characters are shown
    int rt_priority = 0;        ///< 0: SCHED_OTHER, 1..99: SCHED_FIFO
    const void* tag = nullptr;  ///< current_thread_tag() on the new thread
  };

  Thread() noexcept;
  ~Thread();  ///< it has been joined, or never started
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  /// Errors: ENOMEM (also if there can be no more threads), EPERM (real-time priority not allowed),
  /// EINVAL (no such priority).
  Result<void> start(const Options& options, std::function<void()> body);
  [[nodiscard]] bool started() const noexcept { return impl_ != nullptr; }
  /// Waits for the end of the body. Must not be called on the thread itself.
  void join() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The tag of the calling thread; null on a thread that Thread did not start.
[[nodiscard]] const void* current_thread_tag() noexcept;

/// Keeps the calling thread asleep until `deadline_ns`, as slow code would. Only for faults on
/// demand; nothing may rely on it for synchronization.
void stall_until(int64_t deadline_ns) noexcept;

}  // namespace dmasim
