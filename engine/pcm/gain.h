// SPDX-License-Identifier: LGPL-2.1-or-later
/// A volume control as a converter has it: samples times a factor that is never above 1.
///
/// PURE: plain functions of their arguments, on any thread.
#pragma once

#include <cstddef>
#include <span>

#include "engine/pcm/pcm_format.h"

namespace dmasim {

/// Factors from 0 (silence) to 1. Of more than two channels, the even ones belong to the left.
struct Gain {
  double left = 1;
  double right = 1;

  /// Leaves every bit as it is.
  [[nodiscard]] constexpr bool unity() const noexcept { return left == 1 && right == 1; }
  friend constexpr bool operator==(const Gain&, const Gain&) = default;
};

/// Writes the whole frames of `in`, times `gain`, to `out`, which may be where they are. What is a
/// whole number is rounded to the nearest one; what is times 0 becomes zero whatever it was; a
/// channel whose factor is 1 keeps its values.
void apply_gain(const PcmFormat& format, const Gain& gain, std::span<const std::byte> in,
                std::byte* out) noexcept;

}  // namespace dmasim
