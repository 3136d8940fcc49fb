// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a waiting thread and the callback of its transfer share.
#pragma once

#include <string>

#include "engine/base/sync.h"
#include "engine/dma/descriptor.h"

namespace dmasim::dmatest {

/// LIFETIME  shared by the thread and the callback, so that a callback that should not have come
///           still finds it.
/// THREADS   [W] the waiting thread; [C] the callback; [any].
class Pending {
 public:
  enum class Event : uint8_t { called_back, terminated, late };

  /// What the callbacks told.
  struct Progress {
    uint64_t callbacks = 0;
    uint64_t periods = 0;
    uint64_t transferred_bytes = 0;
    std::string complaint;  ///< of a result that cannot be; empty: none
  };

  /// `period_bytes` 0: not cyclic. Called back means so many periods.
  Pending(uint64_t wanted_periods, uint64_t period_bytes)
      : wanted_periods_(wanted_periods), period_bytes_(period_bytes) {}

  enum class Noted : uint8_t { more_to_come, enough, too_late };
  /// [C] `too_late`: the thread had closed it.
  Noted note(const TxResult& result) DMASIM_EXCLUDES(lock_);
  /// [any] The channel has been terminated.
  void tell_terminated() DMASIM_EXCLUDES(lock_);
  /// [W] Called back comes first. A termination is told once.
  Event wait_until(int64_t deadline_ns) DMASIM_EXCLUDES(lock_);
  /// [W] From here on no callback is right.
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
