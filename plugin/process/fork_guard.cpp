// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/process/fork_guard.h"

#include <array>

#include "engine/base/at_fork.h"

namespace dmasim {
namespace {

/// Atomics and no mutex: the fork handler reads and writes them in the child, before any other code
/// runs there. Each hook reads `generation`.
std::atomic<unsigned> generation{0};
std::array<std::atomic<snd_pcm_ioplug_t*>, 1024> guarded{};

void disconnect_in_child() noexcept {
  generation.fetch_add(1, std::memory_order_relaxed);
  for (auto& slot : guarded) {
    snd_pcm_ioplug_t* io = slot.load(std::memory_order_relaxed);
    if (io == nullptr) continue;
    __atomic_store_n(&io->state, SND_PCM_STATE_DISCONNECTED, __ATOMIC_RELAXED);
    slot.store(nullptr, std::memory_order_relaxed);
  }
}

unsigned current() noexcept {
  static_cast<void>(at_fork(ForkTurn::guards, disconnect_in_child));
  return generation.load(std::memory_order_relaxed);
}

std::atomic<snd_pcm_ioplug_t*>* take_slot(snd_pcm_ioplug_t& io) noexcept {
  for (auto& slot : guarded) {
    snd_pcm_ioplug_t* expected = nullptr;
    if (slot.compare_exchange_strong(expected, &io, std::memory_order_relaxed)) return &slot;
  }
  return nullptr;
}

}  // namespace

ForkGuard::ForkGuard() noexcept : made_in_(current()) {}

ForkGuard::ForkGuard(snd_pcm_ioplug_t& io) noexcept : made_in_(current()), slot_(take_slot(io)) {}

ForkGuard::~ForkGuard() {
  if (slot_ != nullptr && !in_child()) slot_->store(nullptr, std::memory_order_relaxed);
}

bool ForkGuard::in_child() const noexcept {
  return generation.load(std::memory_order_relaxed) != made_in_;
}

}  // namespace dmasim
