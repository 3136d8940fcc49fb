// SPDX-License-Identifier: LGPL-2.1-or-later
/// Parsers for the values of an ALSA conf. Each parser answers whether it accepts `text`. `out` is
/// valid only if it does.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/dma/dma_device.h"
#include "engine/pcm/pcm_format.h"
#include "plugin/config/channel_maps.h"
#include "plugin/config/profile.h"
#include "plugin/config/range_or_list.h"

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
bool is_yes_or_no(std::string_view text);

/// Any text.
bool parse_text(std::string_view text, std::string& out);

/// "N", "MIN-MAX", or a list of numbers that are joined by '+', ',' or a space.
bool parse_range_or_list(std::string_view text, unsigned min, unsigned max, RangeOrList& out);

/// Names of sample formats as alsa-lib has them, joined by '+', ',' or a space. `out` gets each
/// format once, in the order of SampleFormat.
bool parse_formats(std::string_view text, std::vector<SampleFormat>& out);

/// "none", or what parse_channel_maps() reads.
bool parse_chmap(std::string_view text, std::vector<ChannelMap>& out);

/// "channel" or "shared".
bool parse_completion(std::string_view text, CompletionTopology& out);

/// "slow_callback=TIME", once.
bool parse_faults(std::string_view text, int64_t& out_slow_callback_ns);

// Texts that are checked now and used later.
bool parse_card(std::string_view text, std::string& out);
bool parse_cable(std::string_view text, std::string& out);
/// A FilePattern. %p and the other places are filled in later.
bool parse_file(std::string_view text, std::string& out);
bool parse_source(std::string_view text, std::string& out);

/// The frequency of a source `tone:HZ`. Empty for another source, or if HZ is not accepted.
[[nodiscard]] std::optional<double> tone_hz(std::string_view source) noexcept;

}  // namespace dmasim
