// SPDX-License-Identifier: LGPL-2.1-or-later
/// A time in nanoseconds as the system calls want it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>

namespace dmasim {

/// A negative time, which the calls refuse, becomes 0: a deadline that has passed.
inline timespec to_timespec(int64_t ns) noexcept {
  ns = std::max<int64_t>(ns, 0);
  return timespec{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

}  // namespace dmasim
