// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/at_fork.h"

#include <pthread.h>
#include <sched.h>

#include <array>
#include <atomic>

#include "engine/base/clock.h"

namespace dmasim {
namespace {

constexpr int64_t kPatienceNs = 200'000'000;

std::array<std::atomic<void (*)() noexcept>, kForkTurns> g_in_child{};

/// Counters, and no mutex that the handlers lock: see the rules in the header. They are accessed in
/// one sequential order with the tables of the handlers. So a thread that finds both counters
/// unchanged has filled its place in such a table before the next child is made.
std::atomic<unsigned> g_forks_begun{0};
std::atomic<unsigned> g_forks_ended{0};

void fork_begins() noexcept { g_forks_begun.fetch_add(1); }
void fork_is_over() noexcept { g_forks_ended.fetch_add(1); }

/// The child has only the thread that forked. Forks that other threads had begun end only in the
/// parent.
void run_in_child() noexcept {
  g_forks_ended.store(g_forks_begun.load());
  for (auto& each : g_in_child) {
    if (auto* const handler = each.load()) handler();
  }
}

/// Registered when the module is loaded. A registration at the first use would need a lock, and a
/// child that is forked meanwhile would find it held for ever.
const int g_refused = pthread_atfork(fork_begins, fork_is_over, run_in_child);

}  // namespace

int at_fork(ForkTurn turn, void (*in_child)() noexcept) noexcept {
  g_in_child[static_cast<unsigned>(turn)].store(in_child);
  return g_refused;
}

ForkWatch::ForkWatch() noexcept : deadline_ns_(RealtimeClock().now_ns() + kPatienceNs) {}

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

}  // namespace dmasim
