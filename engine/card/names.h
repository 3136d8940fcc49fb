// SPDX-License-Identifier: LGPL-2.1-or-later
/// Names of cards and cables. Files are named after them.
#pragma once

#include <string_view>

namespace dmasim {

/// Up to 64 letters, digits, '.', '_' and '-', with no '.' in front.
[[nodiscard]] bool cable_name_valid(std::string_view name) noexcept;

/// The same with up to 48 characters, so that the name of a loop's cable is not too long.
[[nodiscard]] bool card_name_valid(std::string_view name) noexcept;

}  // namespace dmasim
