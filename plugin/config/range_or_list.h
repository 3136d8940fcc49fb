// SPDX-License-Identifier: LGPL-2.1-or-later
/// The channel counts or the frame rates that a card offers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugin/config/profile.h"

namespace dmasim {

/// Either all values of a range, or only those of a list.
class RangeOrList {
 public:
  RangeOrList() = default;
  explicit RangeOrList(const Range& range) : ends_(range) {}
  /// `list` must be ascending, with each value once, and not empty.
  explicit RangeOrList(std::vector<unsigned> list)
      : ends_{list.front(), list.back()}, list_(std::move(list)) {}

  [[nodiscard]] unsigned min() const noexcept { return ends_.min; }
  [[nodiscard]] unsigned max() const noexcept { return ends_.max; }
  /// Empty if each value from min() to max() is offered.
  [[nodiscard]] const std::vector<unsigned>& list() const noexcept { return list_; }
  [[nodiscard]] bool contains(unsigned value) const noexcept;
  /// As a key's value has it: `2`, `1-8` or `2+6`.
  [[nodiscard]] std::string text() const;

 private:
  Range ends_;
  std::vector<unsigned> list_;
};

}  // namespace dmasim
