// SPDX-License-Identifier: LGPL-2.1-or-later
/// A volume control, as in a converter: it multiplies samples by a factor that is never above 1.
///
/// PURE: plain functions of their arguments, on any thread.
#pragma once

#include <cstddef>
#include <span>

#include "engine/pcm/pcm_format.h"

namespace dmasim {

/// Factors from 0 (silence) to 1. With more than two channels, those with even numbers are left.
struct Gain {
  double left = 1;
  double right = 1;

  /// Changes no bit.
  [[nodiscard]] constexpr bool unity() const noexcept { return left == 1 && right == 1; }
  friend constexpr bool operator==(const Gain&, const Gain&) = default;
};

/// The part of `gain` that acts on frames of `format`: none on DSD, which has no numbers to
/// multiply.
[[nodiscard]] constexpr Gain acting_gain(const PcmFormat& format, const Gain& gain) noexcept {
  return is_dsd(format.sample) ? Gain{} : gain;
}

/// Multiplies the whole frames of `in` by `gain` and writes them to `out`, which may be the same
/// memory. `gain` acts on `format`: see acting_gain(). Integers are rounded to the nearest one. A
/// factor of 0 makes every value zero, also an infinity or a NaN. A factor of 1 keeps every value.
void apply_gain(const PcmFormat& format, const Gain& gain, std::span<const std::byte> in,
                std::byte* out) noexcept;

}  // namespace dmasim
