// SPDX-License-Identifier: LGPL-2.1-or-later
/// Finds the right word for a misspelled one.
#pragma once

#include <span>
#include <string_view>

namespace dmasim {

/// How many letters must be inserted, removed or changed to turn `a` into `b`. Upper and lower case
/// count as the same.
[[nodiscard]] size_t letters_apart(std::string_view a, std::string_view b);

/// The word of `words` that is nearest to `word`. Empty if none is at most two letters apart.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> words);

}  // namespace dmasim
