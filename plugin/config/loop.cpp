// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/loop.h"

#include <charconv>
#include <string_view>

#include "engine/card/mixer_record.h"

namespace dmasim {
namespace {

/// Parses ".N" at the front of `text`, and removes it there. N must be below `limit` and have no
/// leading zeros.
std::optional<unsigned> parse_loop_number(std::string_view& text, unsigned limit) noexcept {
  if (text.size() < 2 || text.front() != '.') return std::nullopt;
  const bool padded = text[1] == '0' && text.size() > 2 && text[2] != '.';
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
  if (error != std::errc{} || padded || number >= limit) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

}  // namespace

std::optional<Loop> loop_with_controls(const std::string& card, const std::string& cable) noexcept {
  std::string_view rest = cable;
  if (!rest.starts_with(card)) return std::nullopt;
  rest.remove_prefix(card.size());
  const auto device = parse_loop_number(rest, kMixerDevices);
  const auto subdevice = device ? parse_loop_number(rest, kMixerSubdevices) : std::nullopt;
  if (!subdevice || !rest.empty()) return std::nullopt;
  return Loop{.device = *device, .subdevice = *subdevice};
}

std::string loop_cable(const std::string& card, const Loop& loop) {
  return card + "." + std::to_string(loop.device) + "." + std::to_string(loop.subdevice);
}

}  // namespace dmasim
