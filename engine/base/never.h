// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace dmasim {

/// A deadline in nanoseconds that no time reaches.
inline constexpr int64_t kNever = INT64_MAX;

}  // namespace dmasim
