// SPDX-License-Identifier: LGPL-2.1-or-later
/// The right word for a wrong one.
#pragma once

#include <span>
#include <string_view>

namespace dmasim {

/// How many letters have to be put in, taken out or changed to make `b` of `a`, small or capital.
[[nodiscard]] size_t letters_apart(std::string_view a, std::string_view b);

/// The nearest of `words` to `word`, if it is at most two letters apart; else empty.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> words);

}  // namespace dmasim
