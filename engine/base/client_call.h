// SPDX-License-Identifier: LGPL-2.1-or-later
/// A function of a client, which a thread of a device calls when the client waits for the device.
///
/// LOCKING  guarded by a mutex of its owner, which each function here gets. The client's function
///          runs without it.
#pragma once

#include <functional>
#include <utility>

#include "engine/base/sync.h"

namespace dmasim {

class ClientCall {
 public:
  /// Sets the function. When this returns, an older one does not run, and never will again. Must
  /// not be called by the function itself.
  void set(Mutex& lock, std::function<void()> call) noexcept DMASIM_REQUIRES(lock) {
    while (running_) ended_.wait(lock);
    call_ = std::move(call);
  }

  /// The client waits: the next make() calls it.
  void want() noexcept { wanted_ = true; }

  [[nodiscard]] bool wanted() const noexcept { return wanted_; }

  /// Calls the client if it waits. Unlocks meanwhile.
  void make(Mutex& lock) noexcept DMASIM_REQUIRES(lock) {
    if (!std::exchange(wanted_, false) || !call_) return;
    running_ = true;  // so nobody changes call_
    const std::function<void()>& call = call_;
    lock.unlock();
    call();
    lock.lock();
    running_ = false;
    ended_.notify_all();
  }

 private:
  std::function<void()> call_;
  bool wanted_ = false;
  bool running_ = false;
  CondVar ended_;  // running_ has become false
};

}  // namespace dmasim
