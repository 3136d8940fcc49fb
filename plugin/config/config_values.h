// SPDX-License-Identifier: LGPL-2.1-or-later
/// Parsers for the values of an ALSA conf. Each parser answers whether it accepts `text`. `out` is
/// valid only if it does.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "plugin/config/profile.h"

namespace dmasim {

/// A whole number from `min` to `max`.
template <typename Number>
bool parse_number(std::string_view text, Number min, Number max, Number& out) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  if (value < min || value > max) return false;
  out = value;
  return true;
}

/// "N" or "MIN-MAX".
bool parse_range(std::string_view text, unsigned min, unsigned max, Range& out);

/// A whole number of ns, us, ms or s, up to a minute, as "2ms".
bool parse_duration(std::string_view text, int64_t& out_ns);

/// A boolean as alsa-lib reads it: yes, no, true, false, on, off, 1, 0.
bool parse_yes_or_no(std::string_view text, bool& out);

/// Any text.
bool take_text(std::string_view text, std::string& out);

inline constexpr const char* kCardNameAccepts =
    "a name of up to 48 letters, digits, '.', '_' and '-', not beginning with '.'";
/// A card's name.
bool take_card(std::string_view text, std::string& out);

}  // namespace dmasim
