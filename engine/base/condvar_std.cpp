// SPDX-License-Identifier: LGPL-2.1-or-later
/// The body of CondVar for programs: a futex word that counts notifications.
///
/// glibc's condition variable would do, but each of its waits with a timeout costs several times as
/// many instructions, and one system call that wakes nobody. The completion thread waits once in
/// each period.
///
/// WAITER    It counts itself and reads the word while it has the mutex, then it unlocks the mutex
///           and sleeps. The kernel refuses to sleep if the word has changed.
/// NOTIFIER  It adds 1 to the word, then it looks whether there is a waiter. It has the mutex, or
///           it had the mutex when it changed the condition. So a waiter that saw the old condition
///           was counted before.
/// ORDER     The mutex orders everything else, so both words are relaxed atomics. They are atomics
///           because the kernel reads the one, and a notifier without the mutex reads the other.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "engine/base/sync.h"
#include "engine/base/timespec.h"

namespace dmasim {
namespace {

#ifdef SYS_futex_time64
constexpr long kFutex = sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_futex;
#else
constexpr long kFutex = SYS_futex;
#endif

[[noreturn]] void die(const char* why) noexcept {
  std::fprintf(stderr, "dmasim: condition variable: %s\n", why);
  std::abort();
}

std::atomic_ref<uint32_t> relaxed(uint32_t& word) noexcept { return std::atomic_ref(word); }

uint32_t load(uint32_t& word) noexcept { return relaxed(word).load(std::memory_order_relaxed); }

/// Sleeps until a notification if `word` is still `seen`, or for no reason. Answers false if the
/// deadline came first. syscall(2) is no cancellation point.
bool sleep_while(uint32_t& word, uint32_t seen, int64_t deadline_ns) noexcept {
  const timespec deadline = to_timespec(deadline_ns);
  const long error =
      syscall(kFutex, &word, FUTEX_WAIT_BITSET_PRIVATE, seen,
              deadline_ns == kNever ? nullptr : &deadline, nullptr, FUTEX_BITSET_MATCH_ANY);
  if (error == 0 || errno == EAGAIN || errno == EINTR) return true;
  if (errno != ETIMEDOUT) die("cannot sleep");
  return false;
}

}  // namespace

CondVar::CondVar() noexcept = default;

CondVar::~CondVar() {
  if (load(native_.waiters) != 0) die("destroyed while a thread waits");
}

void CondVar::wait(Mutex& mutex) noexcept { wait_until(mutex, kNever); }

bool CondVar::wait_until(Mutex& mutex, int64_t deadline_ns) noexcept {
  relaxed(native_.waiters).fetch_add(1, std::memory_order_relaxed);
  const uint32_t seen = load(native_.notifications);
  mutex.unlock();
  const bool notified = sleep_while(native_.notifications, seen, deadline_ns);
  mutex.lock();
  relaxed(native_.waiters).fetch_sub(1, std::memory_order_relaxed);
  return notified;
}

void CondVar::notify_all() noexcept {
  relaxed(native_.notifications).fetch_add(1, std::memory_order_relaxed);
  if (load(native_.waiters) == 0) return;
  syscall(kFutex, &native_.notifications, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace dmasim
