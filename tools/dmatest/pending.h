// SPDX-License-Identifier: LGPL-2.1-or-later
/// The state that a waiting thread and the callback of its transfer share.
#pragma once

#include <string>

#include "engine/base/sync.h"
#include "engine/dma/descriptor.h"

namespace dmasim::dmatest {

/// LIFETIME  Both the thread and the callback hold a reference. So the object still exists if a
///           callback comes too late, which is an error.
/// THREADS   [W] the waiting thread; [C] the callback; [any].
class Pending {
 public:
  enum class Event : uint8_t { called_back, terminated, late };

  /// The sums of all callbacks.
  struct Progress {
    uint64_t callbacks = 0;
    uint64_t periods = 0;
    uint64_t transferred_bytes = 0;
    std::string complaint;  ///< describes an impossible result; empty: none
  };

  /// `period_bytes` is 0 if the transfer is not cyclic. The event called_back comes after
  /// `wanted_periods` periods.
  Pending(uint64_t wanted_periods, uint64_t period_bytes)
      : wanted_periods_(wanted_periods), period_bytes_(period_bytes) {}

  enum class Noted : uint8_t { more_to_come, enough, too_late };
  /// [C] Answers too_late if the thread has called close() before.
  Noted note(const TxResult& result) DMASIM_EXCLUDES(lock_);
  /// [any] Wakes the thread: the channel has been terminated.
  void set_terminated() DMASIM_EXCLUDES(lock_);
  /// [W] If both have happened, the answer is called_back, not terminated. A termination is
  /// reported once.
  Event wait_until(int64_t deadline_ns) DMASIM_EXCLUDES(lock_);
  /// [W] Each callback after this is an error.
  Progress close() DMASIM_EXCLUDES(lock_);

 private:
  [[nodiscard]] bool enough() const DMASIM_REQUIRES(lock_) {
    return progress_.periods >= wanted_periods_;
  }
  void judge(const TxResult& result) DMASIM_REQUIRES(lock_);

  const uint64_t wanted_periods_;
  const uint64_t period_bytes_;
  Mutex lock_;
  CondVar changed_;
  Progress progress_ DMASIM_GUARDED_BY(lock_);
  bool terminated_ DMASIM_GUARDED_BY(lock_) = false;
  bool closed_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim::dmatest
