// SPDX-License-Identifier: LGPL-2.1-or-later
/// Helpers that several tests of the explorer use.
#pragma once

#include <string>

#include "engine/base/sync.h"

namespace dmasim::sim {

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A flag that one thread sets and another waits for.
struct Handshake {
  Mutex lock;
  CondVar changed;
  bool set DMASIM_GUARDED_BY(lock) = false;

  void raise() {
    MutexLock guard(lock);
    set = true;
    changed.notify_all();
  }
  void await() {
    MutexLock guard(lock);
    while (!set) changed.wait(lock);
  }
  bool await_until(int64_t deadline_ns) {
    MutexLock guard(lock);
    while (!set) {
      if (!changed.wait_until(lock, deadline_ns)) return set;
    }
    return true;
  }
};

}  // namespace dmasim::sim
