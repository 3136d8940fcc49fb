// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/clock_choice.h"

#include <algorithm>
#include <optional>

namespace dmasim {
namespace {

constexpr uint64_t kSlowestMillionths = 10'000;
constexpr uint64_t kFastestMillionths = 100'000'000;
constexpr size_t kMostDigits = 9;  // of the fastest, in millionths
constexpr size_t kDecimals = 6;

/// "12.5" in millionths. Empty for what is no such number, or has more digits than it needs.
std::optional<uint64_t> millionths(std::string_view text) {
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view decimals = text.substr(std::min(point + 1, text.size()));
  const bool ends_in_point = point + 1 == text.size();
  if (whole.empty() || whole.size() > kMostDigits - kDecimals || ends_in_point) return std::nullopt;
  if (decimals.size() > kDecimals) return std::nullopt;
  uint64_t value = 0;
  for (const std::string_view digits : {whole, decimals}) {
    for (const char digit : digits) {
      if (digit < '0' || digit > '9') return std::nullopt;
      value = value * 10 + static_cast<uint64_t>(digit - '0');
    }
  }
  for (size_t i = decimals.size(); i < kDecimals; ++i) value *= 10;
  return value;
}

}  // namespace

bool parse_clock(std::string_view text, ClockChoice& out) {
  if (text == "realtime" || text == "freerun") {
    out = {.freerun = text == "freerun"};
    return true;
  }
  if (!text.starts_with('x')) return false;
  const auto speed = millionths(text.substr(1));
  if (!speed || *speed < kSlowestMillionths || *speed > kFastestMillionths) return false;
  out = {.speed_millionths = static_cast<uint32_t>(*speed)};
  return true;
}

}  // namespace dmasim
