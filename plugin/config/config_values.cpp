// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/config_values.h"

#include <alsa/asoundlib.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/card/names.h"
#include "engine/recording/file_pattern.h"
#include "plugin/config/split.h"
#include "plugin/pcm/alsa_format.h"

namespace dmasim {
namespace {

constexpr std::string_view kTone = "tone:";

/// What joins the elements of a list. In the name of a device, alsa-lib ends a value at a comma.
constexpr std::string_view kBetweenElements = "+, ";

/// Sorts `values`, and keeps each value once.
template <typename Value>
void keep_each_once(std::vector<Value>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

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

bool parse_range_or_list(string_view text, unsigned min, unsigned max, RangeOrList& out) {
  Range range;
  if (parse_range(text, min, max, range)) {
    out = RangeOrList(range);
    return true;
  }
  std::vector<unsigned> values;
  const bool accepted = each_piece(text, kBetweenElements, [&](string_view piece) {
    return parse_number(piece, min, max, values.emplace_back());
  });
  if (!accepted) return false;
  keep_each_once(values);
  out = RangeOrList(std::move(values));
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

bool is_yes_or_no(string_view text) {
  bool ignored = false;
  return parse_yes_or_no(text, ignored);
}

bool parse_formats(string_view text, std::vector<SampleFormat>& out) {
  std::vector<SampleFormat> formats;
  const bool known = each_piece(text, kBetweenElements, [&](string_view name) {
    const auto format = from_alsa(snd_pcm_format_value(std::string(name).c_str()));
    if (format) formats.push_back(*format);
    return format.has_value();
  });
  if (!known) return false;
  keep_each_once(formats);
  out = std::move(formats);
  return true;
}

bool parse_chmap(string_view text, std::vector<ChannelMap>& out) {
  if (text != "none") return parse_channel_maps(text, out);
  out.clear();
  return true;
}

bool parse_completion(string_view text, CompletionTopology& out) {
  if (text == "channel") out = CompletionTopology::per_channel;
  if (text == "shared") out = CompletionTopology::shared;
  return text == "channel" || text == "shared";
}

bool parse_faults(string_view text, int64_t& out_slow_callback_ns) {
  bool first = true;
  return each_piece(text, ",+ ", [&](string_view fault) {
    constexpr string_view kSlowCallback = "slow_callback=";
    return std::exchange(first, false) && fault.starts_with(kSlowCallback) &&
           parse_duration(fault.substr(kSlowCallback.size()), out_slow_callback_ns);
  });
}

bool parse_text(string_view text, std::string& out) {
  out = text;
  return true;
}

bool parse_card(string_view text, std::string& out) {
  return card_name_valid(text) && parse_text(text, out);
}

bool parse_cable(string_view text, std::string& out) {
  return cable_name_valid(text) && parse_text(text, out);
}

bool parse_file(string_view text, std::string& out) {
  return FilePattern::parse(text, {}) && parse_text(text, out);
}

bool parse_source(string_view text, std::string& out) {
  return (!text.starts_with(kTone) || tone_hz(text)) && parse_text(text, out);
}

std::optional<double> tone_hz(string_view source) noexcept {
  if (!source.starts_with(kTone)) return std::nullopt;
  source.remove_prefix(kTone.size());
  double frequency_hz = 0;
  const char* end = source.data() + source.size();
  const auto read = std::from_chars(source.data(), end, frequency_hz);
  if (read.ec != std::errc{} || read.ptr != end || !(frequency_hz > 0) || frequency_hz > 384000) {
    return std::nullopt;
  }
  return frequency_hz;
}

}  // namespace dmasim
