// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "engine/base/sync.h"

namespace dmasim {

/// One thread waits at it until another thread has opened it.
class Gate {
 public:
  void open() {
    MutexLock guard(lock_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    MutexLock guard(lock_);
    while (!open_) changed_.wait(lock_);
  }
  bool is_open() {
    MutexLock guard(lock_);
    return open_;
  }

 private:
  Mutex lock_;
  CondVar changed_;
  bool open_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim
