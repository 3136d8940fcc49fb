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
  std::map<std::string, std::weak_ptr<DmaDevice>> devices DMASIM_GUARDED_BY(lock);
};

/// The table of this process, and those of the processes that it was forked from; the oldest is
/// reused. The devices of the older processes stay reachable, so that they are no leak.
constexpr size_t kTables = 8;

/// Never destroyed: other threads may run hooks while exit() destroys static objects.
alignas(Cards) std::byte tables[kTables][sizeof(Cards)];
Cards* newest_table = nullptr;

void begin_table() noexcept {
  static size_t next = 0;
  newest_table = new (tables[next++ % kTables]) Cards;
}

/// A forked child begins a new table, before it has another thread. The devices that it inherits
/// have no threads, and a thread of the parent may have held the lock at the fork. This allocates
/// and frees nothing, since a thread may have held the allocator's lock too.
Cards& cards() {
  static const int registered = [] {
    begin_table();
    return at_fork(ForkTurn::dma_devices, begin_table);
  }();
  static_cast<void>(registered);
  return *newest_table;
}

/// The deleter of a device's last reference: it also removes the device's entry.
void end_device(DmaDevice* device) {
  delete device;
  Cards& all = cards();
  MutexLock guard(all.lock);
  std::erase_if(all.devices, [](const auto& each) { return each.second.expired(); });
}

/// The device of `card`. If there is none, it becomes `made`. end_device() takes the lock too. So
/// `known`, which may become the last reference, is declared before the guard and destroyed after
/// it.
std::shared_ptr<DmaDevice> known_or(const std::string& card,
                                    const std::shared_ptr<DmaDevice>& made) {
  std::shared_ptr<DmaDevice> known;
  Cards& all = cards();
  MutexLock guard(all.lock);
  const auto found = all.devices.find(card);
  if (found != all.devices.end()) known = found->second.lock();
  if (!known && made) {
    all.devices[card] = made;
    known = made;
  }
  return known;
}

}  // namespace

Result<std::shared_ptr<DmaDevice>> dma_device_of_card(const std::string& card,
                                                      const DmaDevice::Options& options) {
  std::shared_ptr<DmaDevice> device = known_or(card, nullptr);
  if (!device) {
    const std::shared_ptr<DmaDevice> made(new DmaDevice(std::make_shared<RealtimeClock>(), options),
                                          end_device);
    device = known_or(card, made);
  }
  if (device->options() != options) return Errno{EBUSY};
  return device;
}

}  // namespace dmasim
