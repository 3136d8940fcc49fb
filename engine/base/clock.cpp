// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/clock.h"

#include <algorithm>
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

int64_t ManualClock::wake_up_ns(int64_t deadline_ns) const noexcept {
  return deadline_ns <= now_ns() ? INT64_MIN : kNever;
}

void ManualClock::advance_ns(int64_t delta_ns) noexcept {
  MutexLock guard(lock_);
  now_ns_ += delta_ns;
}

void ManualClock::advance_to_ns(int64_t time_ns) noexcept {
  MutexLock guard(lock_);
  now_ns_ = std::max(now_ns_, time_ns);
}

}  // namespace dmasim
