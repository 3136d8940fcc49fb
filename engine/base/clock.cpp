// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/clock.h"

#include <ctime>

namespace dmasim {

int64_t RealtimeClock::now_ns() const noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int64_t ManualClock::now_ns() const noexcept {
  MutexLock guard(lock_);
  return now_ns_;
}

void ManualClock::advance_ns(int64_t delta_ns) noexcept {
  MutexLock guard(lock_);
  now_ns_ += delta_ns;
}

}  // namespace dmasim
