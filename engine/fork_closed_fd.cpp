// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/fork_closed_fd.h"

#include <pthread.h>

#include <array>
#include <atomic>
#include <cerrno>

namespace dmasim {
namespace {

constexpr int kFree = -1;

/// Atomics and no mutex: the child's handler runs while another thread of the parent may have been
/// anywhere.
struct Table {
  std::array<std::atomic<int>, 1024> slots;
  Table() noexcept {
    for (auto& slot : slots) slot.store(kFree, std::memory_order_relaxed);
  }
};
Table g_table;

void close_in_child() {
  for (auto& slot : g_table.slots) {
    const int fd = slot.exchange(kFree, std::memory_order_relaxed);
    if (fd >= 0) close(fd);
  }
}

int take_slot(int fd) noexcept {
  for (size_t i = 0; i < g_table.slots.size(); ++i) {
    int expected = kFree;
    if (g_table.slots[i].compare_exchange_strong(expected, fd, std::memory_order_relaxed)) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

}  // namespace

ForkClosedFd::~ForkClosedFd() {
  if (slot_ < 0) return;
  auto& slot = g_table.slots[static_cast<size_t>(slot_)];
  // In a child the handler has closed it, and the number may be another file's by now.
  if (slot.exchange(kFree, std::memory_order_relaxed) == kFree) static_cast<void>(fd_.release());
}

Result<ForkClosedFd> ForkClosedFd::adopt(UniqueFd fd) noexcept {
  static const int refused = pthread_atfork(nullptr, nullptr, close_in_child);
  if (refused != 0) return Errno{refused};
  ForkClosedFd owned;
  owned.slot_ = take_slot(fd.get());
  if (owned.slot_ < 0) return Errno{EMFILE};
  owned.fd_ = std::move(fd);
  return owned;
}

}  // namespace dmasim
