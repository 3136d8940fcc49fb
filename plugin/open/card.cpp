// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/open/card.h"

#include <pthread.h>

#include <cerrno>
#include <cstddef>
#include <map>
#include <new>

#include "engine/base/sync.h"

namespace dmasim {
namespace {

struct Cards {
  Mutex lock;
  std::map<std::string, std::weak_ptr<Engine>> engines DMASIM_GUARDED_BY(lock);
};

/// Of this process and of those that it has been forked from: what they have left stays reachable.
constexpr size_t kTables = 8;

/// Never destroyed: hooks run until the last thread is gone, also while exit() destroys statics.
alignas(Cards) std::byte tables[kTables][sizeof(Cards)];
Cards* newest_table = nullptr;

void begin_table() noexcept {
  static size_t next = 0;
  newest_table = new (tables[next++ % kTables]) Cards;
}

/// A child begins anew, where it has no other thread yet: the engines that it inherits have no
/// threads, and one that is gone may have held the lock. Nothing is allocated or freed for that:
/// the allocator's own lock may have been held as well.
Cards& cards() {
  static const int registered = [] {
    begin_table();
    return pthread_atfork(nullptr, nullptr, begin_table);
  }();
  static_cast<void>(registered);
  return *newest_table;
}

/// The last holder of an engine leaves no entry behind.
void end_engine(Engine* engine) {
  delete engine;
  Cards& all = cards();
  MutexLock guard(all.lock);
  std::erase_if(all.engines, [](const auto& each) { return each.second.expired(); });
}

/// The engine of `card`, which is `made` if there was none. Where an engine goes, end_engine()
/// locks too: so what may be the last holder is declared before the guard.
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
