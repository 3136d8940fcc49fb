// SPDX-License-Identifier: LGPL-2.1-or-later
/// The frame rates that a card offers.
#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "plugin/config/profile.h"

namespace dmasim {

/// The rates that the kernel has names for (SNDRV_PCM_RATE_*).
inline constexpr std::array kUsualRates{
    5512U,  8000U,  11025U, 12000U,  16000U,  22050U,  24000U,  32000U,  44100U,  48000U,
    64000U, 88200U, 96000U, 128000U, 176400U, 192000U, 352800U, 384000U, 705600U, 768000U};

/// Either all rates of a range, or only those of a list.
class Rates {
 public:
  Rates() = default;
  explicit Rates(const Range& range) : ends_(range) {}
  /// `list` must be ascending and not empty.
  explicit Rates(std::vector<unsigned> list)
      : ends_{list.front(), list.back()}, list_(std::move(list)) {}

  [[nodiscard]] unsigned min() const noexcept { return ends_.min; }
  [[nodiscard]] unsigned max() const noexcept { return ends_.max; }
  /// Empty if each rate from min() to max() is offered.
  [[nodiscard]] const std::vector<unsigned>& list() const noexcept { return list_; }
  [[nodiscard]] bool contains(unsigned rate_hz) const noexcept {
    return list_.empty() ? rate_hz >= min() && rate_hz <= max()
                         : std::binary_search(list_.begin(), list_.end(), rate_hz);
  }

 private:
  Range ends_;
  std::vector<unsigned> list_;
};

}  // namespace dmasim
