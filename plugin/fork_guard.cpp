// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/fork_guard.h"

#include <pthread.h>

#include <atomic>

namespace dmasim {
namespace {

/// An atomic and no mutex: it is stepped by a pthread_atfork handler in the child, before anything
/// else runs there, and read by every hook.
std::atomic<unsigned> generation{0};

void step() { generation.fetch_add(1, std::memory_order_relaxed); }

unsigned current() noexcept {
  static const int registered = pthread_atfork(nullptr, nullptr, step);
  static_cast<void>(registered);
  return generation.load(std::memory_order_relaxed);
}

}  // namespace

ForkGuard::ForkGuard() noexcept : made_in_(current()) {}

bool ForkGuard::in_child() const noexcept {
  return generation.load(std::memory_order_relaxed) != made_in_;
}

}  // namespace dmasim
