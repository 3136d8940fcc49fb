// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/fork_closed_fd.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "engine/base/at_fork.h"

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

/// An eventfd with the count 1 is readable and writable.
void replace_by_ready(int fd) noexcept {
  const UniqueFd ready(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ready || dup3(ready.get(), fd, O_CLOEXEC) < 0) close(fd);
}

void take_from_child() noexcept {
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

}  // namespace

ForkClosedFd::~ForkClosedFd() {
  if (slot_ < 0) return;
  auto& slot = g_table.slots[static_cast<size_t>(slot_)];
  // In a child the fork handler has closed the descriptor, and the number may be another file's
  // now.
  if (slot.exchange(kFree, std::memory_order_relaxed) == kFree) static_cast<void>(fd_.release());
}

Result<ForkClosedFd> ForkClosedFd::adopt(UniqueFd fd, InChild in_child) noexcept {
  if (const int refused = at_fork(ForkTurn::descriptors, take_from_child)) return Errno{refused};
  ForkClosedFd owned;
  owned.slot_ = take_slot(in_child == InChild::ready ? fd.get() | kReadyInChild : fd.get());
  if (owned.slot_ < 0) return Errno{EMFILE};
  owned.fd_ = std::move(fd);
  return owned;
}

}  // namespace dmasim
