// SPDX-License-Identifier: LGPL-2.1-or-later
/// A card's loops, as its mixer numbers them.
#pragma once

#include <optional>
#include <string>

namespace dmasim {

/// The subdevice of a card whose cable is CARD.DEVICE.SUBDEVICE.
struct Loop {
  unsigned device;
  unsigned subdevice;
};

[[nodiscard]] std::string loop_cable(const std::string& card, const Loop& loop);

/// The loop that has the cable `cable`. Empty if the card's mixer has no controls for it.
[[nodiscard]] std::optional<Loop> loop_with_controls(const std::string& card,
                                                     const std::string& cable) noexcept;

}  // namespace dmasim
