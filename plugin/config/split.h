// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace dmasim {

/// Calls `use` for each piece between separators. Stops at the first false, and then answers false.
template <typename Use>
bool each_piece(std::string_view text, std::string_view separators, Use use) {
  while (true) {
    const size_t end = text.find_first_of(separators);
    if (!use(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

}  // namespace dmasim
