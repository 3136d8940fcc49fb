// SPDX-License-Identifier: LGPL-2.1-or-later
/// A card's loops, as its mixer sees them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dmasim {

/// The subdevice of a card whose cable is CARD.DEVICE.SUBDEVICE.
struct Loop {
  unsigned device;
  unsigned subdevice;
};

/// A name like a cable's, short enough for that of a loop's.
[[nodiscard]] bool card_name_valid(std::string_view name) noexcept;
inline constexpr const char* kCardNameAccepts =
    "a name of up to 48 letters, digits, '.', '_' and '-', not beginning with '.'";

[[nodiscard]] std::string loop_cable(const std::string& card, const Loop& loop);

/// The loop whose cable that is, if the card's mixer has controls for it.
[[nodiscard]] std::optional<Loop> loop_with_controls(const std::string& card,
                                                     const std::string& cable) noexcept;

}  // namespace dmasim
