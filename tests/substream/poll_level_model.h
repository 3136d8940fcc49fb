// SPDX-License-Identifier: LGPL-2.1-or-later
/// The state that the descriptor of a PollLevel has in the kernel, for tests that have no
/// descriptor.
#pragma once

#include "engine/base/sync.h"

namespace dmasim {

class PollLevelModel {
 public:
  /// For names in stories.
  [[nodiscard]] const Mutex& lock() const { return lock_; }

  /// False if the level was `ready` before: the call has changed nothing.
  bool set(bool ready) DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    const bool changes = ready_ != ready;
    ready_ = ready;
    changed_.notify_all();
    return changes;
  }

  /// poll(): returns true when the level is ready, and false after interrupt().
  bool wait() DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    while (!ready_ && !interrupted_) changed_.wait(lock_);
    interrupted_ = false;
    return ready_;
  }

  /// Ends one wait() as a signal does.
  void interrupt() DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    interrupted_ = true;
    changed_.notify_all();
  }

  [[nodiscard]] bool ready() DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    return ready_;
  }

 private:
  Mutex lock_;
  CondVar changed_;
  bool ready_ DMASIM_GUARDED_BY(lock_) = false;
  bool interrupted_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim
