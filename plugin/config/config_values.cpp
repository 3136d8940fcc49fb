// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/config_values.h"

#include <alsa/asoundlib.h>

#include <array>
#include <utility>

#include "engine/card/names.h"

namespace dmasim {

using std::string_view;

bool parse_range(string_view text, unsigned min, unsigned max, Range& out) {
  const size_t dash = text.find('-');
  Range range;
  if (!parse_number(text.substr(0, dash), min, max, range.min)) return false;
  range.max = range.min;
  if (dash != string_view::npos &&
      !parse_number(text.substr(dash + 1), range.min, max, range.max)) {
    return false;
  }
  out = range;
  return true;
}

bool parse_duration(string_view text, int64_t& out_ns) {
  constexpr std::array<std::pair<string_view, int64_t>, 4> kUnits{
      {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}}};
  constexpr int64_t kMostNs = 60'000'000'000;
  for (const auto& [unit, ns] : kUnits) {
    if (!text.ends_with(unit)) continue;
    int64_t count = 0;
    if (!parse_number<int64_t>(text.substr(0, text.size() - unit.size()), 0, kMostNs / ns, count)) {
      continue;
    }
    out_ns = count * ns;
    return true;
  }
  return false;
}

bool parse_yes_or_no(string_view text, bool& out) {
  const int answer = snd_config_get_bool_ascii(std::string(text).c_str());
  out = answer > 0;
  return answer >= 0;
}

bool take_text(string_view text, std::string& out) {
  out = text;
  return true;
}

bool take_card(string_view text, std::string& out) {
  return card_name_valid(text) && take_text(text, out);
}

}  // namespace dmasim
