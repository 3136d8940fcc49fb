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
constexpr int kReadyInChild = 1 << 30;  // beside a descriptor

/// Atomics and no mutex: the child's handler runs while another thread of the parent may have been
/// anywhere.
struct Table {
  std::array<std::atomic<int>, 4096> slots;
  Table() noexcept {
    for (auto& slot : slots) slot.store(kFree, std::memory_order_relaxed);
  }
};
Table g_table;

constexpr int64_t kPatienceNs = 200'000'000;

/// Counters and no mutex that fork() takes as well: it would be taken before those of the program's
/// own handlers, and a thread that holds one of these may be the one that opens. In sequence with
/// the slots: who finds both counters as before has filled its slot before the next child is made.
std::atomic<unsigned> g_forks_begun{0};
std::atomic<unsigned> g_forks_ended{0};

void fork_begins() { g_forks_begun.fetch_add(1); }
void fork_is_over() { g_forks_ended.fetch_add(1); }

/// An eventfd that counts 1 of many can be read and written.
void replace_by_ready(int fd) noexcept {
  const UniqueFd ready(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ready || dup3(ready.get(), fd, O_CLOEXEC) < 0) close(fd);
}

/// The forks of other threads end in the parent alone.
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

/// 0 or an errno.
int watch_forks() noexcept {
  static const int refused = pthread_atfork(fork_begins, fork_is_over, take_from_child);
  return refused;
}

}  // namespace

ForkWatch::ForkWatch() noexcept : deadline_ns_(RealtimeClock().now_ns() + kPatienceNs) {
  static_cast<void>(watch_forks());  // adopt() says if that failed
}

bool ForkWatch::patient() const noexcept { return RealtimeClock().now_ns() < deadline_ns_; }

/// A fork may take its time, or wait for something that the caller holds.
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
  // In a child the handler has closed it, and the number may be another file's by now.
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
