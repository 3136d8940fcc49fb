// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/open/card.h"

#include <cerrno>
#include <cstddef>
#include <map>
#include <new>

#include "engine/base/at_fork.h"
#include "engine/base/sync.h"

namespace dmasim {
namespace {

struct Cards {
  Mutex lock;
  std::map<std::string, std::weak_ptr<Engine>> engines DMASIM_GUARDED_BY(lock);
};

/// The table of this process, and those of the processes that it was forked from; the oldest is
/// reused. The engines of the older processes stay reachable, so that they are no leak.
constexpr size_t kTables = 8;

/// Never destroyed: other threads may run hooks while exit() destroys static objects.
alignas(Cards) std::byte tables[kTables][sizeof(Cards)];
Cards* newest_table = nullptr;

void begin_table() noexcept {
  static size_t next = 0;
  newest_table = new (tables[next++ % kTables]) Cards;
}

/// A forked child begins a new table, before it has another thread. The engines that it inherits
/// have no threads, and a thread of the parent may have held the lock at the fork. This allocates
/// and frees nothing, since a thread may have held the allocator's lock too.
Cards& cards() {
  static const int registered = [] {
    begin_table();
    return at_fork(ForkTurn::engines, begin_table);
  }();
  static_cast<void>(registered);
  return *newest_table;
}

/// The deleter of an engine's last reference: it also removes the engine's entry.
void end_engine(Engine* engine) {
  delete engine;
  Cards& all = cards();
  MutexLock guard(all.lock);
  std::erase_if(all.engines, [](const auto& each) { return each.second.expired(); });
}

/// The engine of `card`. If there is none, it becomes `made`. end_engine() takes the lock too. So
/// `known`, which may become the last reference, is declared before the guard and destroyed after
/// it.
std::shared_ptr<Engine> known_or(const std::string& card, const std::shared_ptr<Engine>& made) {
  std::shared_ptr<Engine> known;
  Cards& all = cards();
  MutexLock guard(all.lock);
  const auto found = all.engines.find(card);
  if (found != all.engines.end()) known = found->second.lock();
  if (!known && made) {
    all.engines[card] = made;
    known = made;
  }
  return known;
}

}  // namespace

Result<std::shared_ptr<Engine>> engine_of_card(const std::string& card,
                                               const Engine::Options& options) {
  std::shared_ptr<Engine> engine = known_or(card, nullptr);
  if (!engine) {
    const std::shared_ptr<Engine> made(new Engine(std::make_shared<RealtimeClock>(), options),
                                       end_engine);
    engine = known_or(card, made);
  }
  if (engine->options() != options) return Errno{EBUSY};
  return engine;
}

}  // namespace dmasim
