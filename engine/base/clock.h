// SPDX-License-Identifier: LGPL-2.1-or-later
/// The time of the hardware, in nanoseconds. Its zero point has no meaning.
#pragma once

#include <cstdint>

#include "engine/base/sync.h"

namespace dmasim {

/// THREADS  any; never blocks.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual int64_t now_ns() const noexcept = 0;
  /// The time in CLOCK_MONOTONIC at which a thread that waits for `deadline_ns` of this clock has
  /// to wake. kNever if the deadline does not come by itself, but only by a call that moves the
  /// clock. If the deadline has passed, any time that has passed.
  [[nodiscard]] virtual int64_t wake_up_ns(int64_t deadline_ns) const noexcept = 0;
};

/// CLOCK_MONOTONIC itself.
class RealtimeClock final : public Clock {
 public:
  [[nodiscard]] int64_t now_ns() const noexcept override;
  [[nodiscard]] int64_t wake_up_ns(int64_t deadline_ns) const noexcept override {
    return deadline_ns;
  }
};

/// Its owner moves it, by advance_ns() and advance_to_ns(). Afterwards the owner has to call
/// Channel::advance.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t start_ns = 0) : now_ns_(start_ns) {}
  [[nodiscard]] int64_t now_ns() const noexcept override DMASIM_EXCLUDES(lock_);
  [[nodiscard]] int64_t wake_up_ns(int64_t deadline_ns) const noexcept override
      DMASIM_EXCLUDES(lock_);
  void advance_ns(int64_t delta_ns) noexcept DMASIM_EXCLUDES(lock_);
  /// Does nothing if that time has passed.
  void advance_to_ns(int64_t time_ns) noexcept DMASIM_EXCLUDES(lock_);

 private:
  mutable Mutex lock_;
  int64_t now_ns_ DMASIM_GUARDED_BY(lock_);
};

}  // namespace dmasim
