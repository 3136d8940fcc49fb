// SPDX-License-Identifier: LGPL-2.1-or-later
/// The clock that paces a card: the key `clock`.
#pragma once

#include <cstdint>
#include <string_view>

namespace dmasim {

/// PURE.
struct ClockChoice {
  static constexpr uint32_t kOne = 1'000'000;

  bool freerun = false;              ///< only the program's own progress moves the hardware
  uint32_t speed_millionths = kOne;  ///< how fast the sample clock runs, of its nominal speed

  [[nodiscard]] double speed() const noexcept {
    return static_cast<double>(speed_millionths) / kOne;
  }
  [[nodiscard]] bool realtime() const noexcept { return !freerun && speed_millionths == kOne; }
  /// How much faster than nominal the sample clock runs, in millionths, if the card's crystal is
  /// off by `ppm`.
  [[nodiscard]] int32_t ppm(int32_t ppm) const noexcept {
    const int64_t millionths = int64_t{speed_millionths} * (int64_t{kOne} + ppm) / kOne;
    return static_cast<int32_t>(millionths - kOne);
  }
};

/// "realtime", "freerun", or "x" with a number from 0.01 to 100 that has at most six decimals.
/// Answers false for anything else.
bool parse_clock(std::string_view text, ClockChoice& out);

}  // namespace dmasim
