// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/card.h"

#include <pthread.h>

#include <cerrno>
#include <cstddef>
#include <map>
#include <new>

#include "engine/sync.h"

namespace dmasim {
namespace {

struct Cards {
  Mutex lock;
  std::map<std::string, std::weak_ptr<Engine>> engines DMASIM_GUARDED_BY(lock);
};

/// Never destroyed: hooks run until the last thread is gone, also while exit() destroys statics.
alignas(Cards) std::byte storage[sizeof(Cards)];

Cards* make_cards() noexcept { return new (storage) Cards; }

/// A child begins anew, where it has no other thread yet: the engines that it inherits have no
/// threads, and one that is gone may have held the lock. Nothing is allocated for that: the
/// allocator's own lock may have been held as well.
Cards& cards() {
  static Cards* const made = make_cards();
  static const int registered = pthread_atfork(nullptr, nullptr, [] { make_cards(); });
  static_cast<void>(registered);
  return *made;
}

}  // namespace

Result<std::shared_ptr<Engine>> engine_of_card(const std::string& card,
                                               const Engine::Options& options) {
  Cards& all = cards();
  MutexLock guard(all.lock);
  std::erase_if(all.engines, [](const auto& each) { return each.second.expired(); });
  std::weak_ptr<Engine>& known = all.engines[card];
  if (std::shared_ptr<Engine> engine = known.lock()) {
    if (engine->options() != options) return Errno{EBUSY};
    return engine;
  }
  auto engine = std::make_shared<Engine>(std::make_shared<RealtimeClock>(), options);
  known = engine;
  return engine;
}

}  // namespace dmasim
