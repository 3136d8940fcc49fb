// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/fork_closed_fd.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "engine/base/clock.h"

namespace dmasim {
namespace {

constexpr int kFree = -1;
constexpr int kReadyInChild = 1 << 30;  // a flag next to the descriptor

/// Atomics and no mutex: at the fork another thread of the parent may hold the mutex, and nobody
/// would unlock it in the child.
struct Table {
  std::array<std::atomic<int>, 4096> slots;
  Table() noexcept {
    for (auto& slot : slots) slot.store(kFree, std::memory_order_relaxed);
  }
};
Table g_table;

constexpr int64_t kPatienceNs = 200'000'000;

/// Counters, and no mutex that the fork handlers lock. fork() would lock such a mutex before the
/// mutexes of the program's own handlers. A thread that holds one of those may be opening a file
/// here, and the two would wait for each other. The counters and the slots are accessed in one
/// sequential order: a thread that finds both counters unchanged has filled its slot before the
/// next child is made.
std::atomic<unsigned> g_forks_begun{0};
std::atomic<unsigned> g_forks_ended{0};

void fork_begins() { g_forks_begun.fetch_add(1); }
void fork_is_over() { g_forks_ended.fetch_add(1); }

/// An eventfd with the count 1 is readable and writable.
void replace_by_ready(int fd) noexcept {
  const UniqueFd ready(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ready || dup3(ready.get(), fd, O_CLOEXEC) < 0) close(fd);
}

/// The child has only the thread that forked. Forks that other threads had begun end only in the
/// parent.
void take_from_child() {
  g_forks_ended.store(g_forks_begun.load());
  for (auto& slot : g_table.slots) {
    const int entry = slot.load(std::memory_order_relaxed);
    if (entry < 0) continue;
    slot.store(kFree, std::memory_order_relaxed);
    const int fd = entry & ~kReadyInChild;
    (entry & kReadyInChild) != 0 ? replace_by_ready(fd) : static_cast<void>(close(fd));
  }
}

int take_slot(int entry) noexcept {
  for (size_t i = 0; i < g_table.slots.size(); ++i) {
    int expected = kFree;
    if (g_table.slots[i].compare_exchange_strong(expected, entry)) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

/// Answers 0 or an errno.
int watch_forks() noexcept {
  static const int refused = pthread_atfork(fork_begins, fork_is_over, take_from_child);
  return refused;
}

}  // namespace

ForkWatch::ForkWatch() noexcept : deadline_ns_(RealtimeClock().now_ns() + kPatienceNs) {
  static_cast<void>(watch_forks());  // if it failed, adopt() answers the error
}

bool ForkWatch::patient() const noexcept { return RealtimeClock().now_ns() < deadline_ns_; }

/// Does not wait for ever: a fork() may take long, or wait for a lock that the caller holds.
void ForkWatch::begin() noexcept {
  for (;;) {
    const unsigned ended = g_forks_ended.load();
    seen_ = g_forks_begun.load();
    if (seen_ == ended || !patient()) return;
    sched_yield();
  }
}

bool ForkWatch::good() const noexcept { return g_forks_begun.load() == seen_ || !patient(); }

ForkClosedFd::~ForkClosedFd() {
  if (slot_ < 0) return;
  auto& slot = g_table.slots[static_cast<size_t>(slot_)];
  // In a child the fork handler has closed the descriptor, and the number may be another file's
  // now.
  if (slot.exchange(kFree, std::memory_order_relaxed) == kFree) static_cast<void>(fd_.release());
}

Result<ForkClosedFd> ForkClosedFd::adopt(UniqueFd fd, InChild in_child) noexcept {
  if (const int refused = watch_forks()) return Errno{refused};
  ForkClosedFd owned;
  owned.slot_ = take_slot(in_child == InChild::ready ? fd.get() | kReadyInChild : fd.get());
  if (owned.slot_ < 0) return Errno{EMFILE};
  owned.fd_ = std::move(fd);
  return owned;
}

}  // namespace dmasim
