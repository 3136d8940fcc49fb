// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm_config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/cable_file.h"
#include "plugin/alsa_format.h"
#include "plugin/loop.h"
#include "plugin/ring_copy.h"
#include "plugin/split.h"

namespace dmasim {
namespace {

using std::string_view;

constexpr unsigned kMaxBufferBytes = 256U << 20;

template <typename Number>
std::optional<Number> number(string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename Number>
bool parse_number(string_view text, Number min, Number max, Number& out) {
  const std::optional<Number> value = number<Number>(text);
  if (!value || *value < min || *value > max) return false;
  out = *value;
  return true;
}

/// "N" or "MIN-MAX".
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

bool parse_formats(string_view text, std::vector<SampleFormat>& out) {
  std::vector<SampleFormat> formats;
  const bool known = each_piece(text, ",+ ", [&](string_view name) {
    const auto format = from_alsa(snd_pcm_format_value(std::string(name).c_str()));
    if (format) formats.push_back(*format);
    return format.has_value();
  });
  if (known) out = std::move(formats);
  return known;
}

/// "2ms": a whole number of ns, us, ms or s, up to a minute.
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

bool parse_faults(string_view text, PcmConfig& out) {
  return each_piece(text, ",+ ", [&](string_view fault) {
    constexpr string_view kSlowCallback = "slow_callback=";
    return fault.starts_with(kSlowCallback) &&
           parse_duration(fault.substr(kSlowCallback.size()), out.slow_callback_ns);
  });
}

bool parse_completion(string_view text, CompletionTopology& out) {
  if (text == "channel") out = CompletionTopology::per_channel;
  if (text == "shared") out = CompletionTopology::shared;
  return text == "channel" || text == "shared";
}

void apply(const Profile& profile, PcmConfig& out) {
  out.formats.assign(profile.formats.begin(), profile.formats.end());
  out.channels = profile.channels;
  out.channels_chosen = !profile.channels_may_grow;
  out.rate_hz = profile.rate_hz;
  out.period_bytes = profile.period_bytes;
  out.buffer_bytes = profile.buffer_bytes;
  out.periods = profile.periods;
  out.noninterleaved = profile.noninterleaved;
  out.subdevices = profile.subdevices;
  out.channel_maps = profile.channel_maps ? usual_channel_maps() : std::vector<ChannelMap>{};
}

bool parse_profile(string_view text, PcmConfig& out) {
  const Profile* profile = find_profile(text);
  if (profile != nullptr) apply(*profile, out);
  return profile != nullptr;
}

bool parse_chmap(string_view text, PcmConfig& out) {
  if (text != "none") return parse_channel_maps(text, out.channel_maps);
  out.channel_maps.clear();
  return true;
}

struct Key {
  string_view name;
  const char* accepts;
  bool (*parse)(string_view text, PcmConfig& config);
};

bool take_text(string_view text, std::string& out) {
  out = text;
  return true;
}

/// Read before the others, which override it.
constexpr Key kProfileKey{"profile", kProfileNames,
                          [](string_view t, PcmConfig& c) { return parse_profile(t, c); }};

bool take_card(string_view text, std::string& out) {
  return card_name_valid(text) && take_text(text, out);
}

bool parse_subdev(string_view text, PcmConfig& out) {
  return parse_number(text, 0U, unsigned{INT_MAX}, out.subdev.emplace());
}

bool parse_yes_or_no(string_view text, bool& out) {
  const int answer = snd_config_get_bool_ascii(std::string(text).c_str());
  out = answer > 0;
  return answer >= 0;
}

constexpr const char* kCableAccepts =
    "a name of up to 64 letters, digits, '.', '_' and '-', not beginning with '.'";

bool take_cable(string_view text, std::string& out) {
  return cable_name_valid(text) && take_text(text, out);
}

constexpr std::array kKeys{
    Key{"file", "a path", [](string_view t, PcmConfig& c) { return take_text(t, c.file); }},
    Key{"source", "silence, tone:HZ, counter or a sound file's path",
        [](string_view t, PcmConfig& c) { return take_text(t, c.source); }},
    Key{"cable", kCableAccepts, [](string_view t, PcmConfig& c) { return take_cable(t, c.cable); }},
    Key{"card", kCardNameAccepts, [](string_view t, PcmConfig& c) { return take_card(t, c.card); }},
    Key{"dev", "0 to 31",
        [](string_view t, PcmConfig& c) { return parse_number(t, 0U, 31U, c.dev); }},
    Key{"subdev", "a number from 0 on",
        [](string_view t, PcmConfig& c) { return parse_subdev(t, c); }},
    Key{"subdevices", "1 to 128",
        [](string_view t, PcmConfig& c) {
          c.subdevices_chosen = true;
          return parse_number(t, 1U, kMostSubdevices, c.subdevices);
        }},
    Key{"loop", "yes or no",
        [](string_view t, PcmConfig& c) { return parse_yes_or_no(t, c.loop); }},
    Key{"report", "a path", [](string_view t, PcmConfig& c) { return take_text(t, c.report); }},
    Key{"format",
        "one or more of U8 S16_LE S16_BE S24_3LE S24_3BE S24_LE S24_BE S32_LE S32_BE "
        "FLOAT_LE FLOAT_BE FLOAT64_LE FLOAT64_BE, joined by + or ,",
        [](string_view t, PcmConfig& c) { return parse_formats(t, c.formats); }},
    Key{"chmap", "none, or positions like FL+FR, several maps joined by /",
        [](string_view t, PcmConfig& c) { return parse_chmap(t, c); }},
    Key{"channels", "N or MIN-MAX, 1 to 32",
        [](string_view t, PcmConfig& c) {
          c.channels_chosen = true;
          return parse_range(t, 1, kMaxChannels, c.channels);
        }},
    Key{"rate", "N or MIN-MAX in Hz, 4000 to 768000",
        [](string_view t, PcmConfig& c) { return parse_range(t, 4000, 768000, c.rate_hz); }},
    Key{"period_bytes", "N or MIN-MAX, 1 to 134217728",
        [](string_view t, PcmConfig& c) {
          return parse_range(t, 1, kMaxBufferBytes / 2, c.period_bytes);
        }},
    Key{"buffer_bytes", "N or MIN-MAX, 2 to 268435456",
        [](string_view t, PcmConfig& c) {
          return parse_range(t, 2, kMaxBufferBytes, c.buffer_bytes);
        }},
    Key{"periods", "N or MIN-MAX, 1 to 65536",
        [](string_view t, PcmConfig& c) { return parse_range(t, 1, 65536, c.periods); }},
    Key{"clock", "realtime", [](string_view t, PcmConfig&) { return t == "realtime"; }},
    Key{"ppm", "a whole number from -100000 to 100000",
        [](string_view t, PcmConfig& c) { return parse_number(t, -100000, 100000, c.ppm); }},
    Key{"completion", "channel or shared",
        [](string_view t, PcmConfig& c) { return parse_completion(t, c.completion); }},
    Key{"rt_priority", "0 (none) to 99",
        [](string_view t, PcmConfig& c) { return parse_number(t, 0, 99, c.rt_priority); }},
    Key{"fifo", "frames, 0 to 65536",
        [](string_view t, PcmConfig& c) { return parse_number(t, 0U, 65536U, c.fifo_frames); }},
    Key{"queue_ms", "1 to 60000",
        [](string_view t, PcmConfig& c) { return parse_number(t, 1U, 60000U, c.queue_ms); }},
    Key{"flush_ms", "1 to 600000",
        [](string_view t, PcmConfig& c) { return parse_number(t, 1U, 600000U, c.flush_ms); }},
    Key{"faults", "slow_callback=TIME (like 2ms), joined by + or ,",
        [](string_view t, PcmConfig& c) { return parse_faults(t, c); }},
};

bool parse_entry(const Key& key, const snd_config_t* entry, PcmConfig& config) {
  char* raw = nullptr;
  if (snd_config_get_ascii(entry, &raw) < 0 || raw == nullptr) {
    SNDERR("dmasim: %s is no plain value; accepted: %s", key.name.data(), key.accepts);
    return false;
  }
  const std::unique_ptr<char, decltype(&std::free)> text(raw, &std::free);
  if (*raw == '\0' || key.parse(raw, config)) return true;  // empty: the default
  SNDERR("dmasim: %s = \"%s\"; accepted: %s", key.name.data(), raw, key.accepts);
  return false;
}

bool ignorable(string_view id) {
  return id == "comment" || id == "type" || id == "hint" || id == kProfileKey.name;
}

bool parse_profile_key(const snd_config_t* conf, PcmConfig& config) {
  apply(profiles().front(), config);
  snd_config_t* entry = nullptr;
  if (snd_config_search(const_cast<snd_config_t*>(conf), kProfileKey.name.data(), &entry) < 0) {
    return true;
  }
  return parse_entry(kProfileKey, entry, config);
}

bool check_together(const PcmConfig& config) {
  if (config.period_bytes.min > config.buffer_bytes.max / config.periods.min) {
    SNDERR("dmasim: period_bytes = %u-%u leaves no room for %u periods in buffer_bytes = %u-%u",
           config.period_bytes.min, config.period_bytes.max, config.periods.min,
           config.buffer_bytes.min, config.buffer_bytes.max);
    return false;
  }
  return true;
}

/// A loop is what its first subdevice is unless another one or a cable is named. Where only a cable
/// is, the PCM is one more at that cable, and leaves the loop to others.
void resolve_subdevice(PcmConfig& config) {
  const bool at_cable = !config.cable.empty() && !config.subdev;
  if (at_cable && !config.subdevices_chosen) config.subdevices = kMostSubdevices;
  if (at_cable) config.loop = false;
  if (!config.loop) return;
  if (!config.subdev) config.subdev = 0;
  if (!config.cable.empty()) return;
  config.cable =
      config.card + '.' + std::to_string(config.dev) + '.' + std::to_string(*config.subdev);
}

}  // namespace

Result<PcmConfig> parse_pcm_config(const snd_config_t* conf) {
  PcmConfig config;
  if (!parse_profile_key(conf, config)) return Errno{EINVAL};
  snd_config_iterator_t it = nullptr;
  snd_config_iterator_t next = nullptr;
  snd_config_for_each(it, next, conf) {
    const snd_config_t* entry = snd_config_iterator_entry(it);
    const char* id = nullptr;
    if (snd_config_get_id(entry, &id) < 0 || ignorable(id)) continue;
    const auto* key =
        std::find_if(kKeys.begin(), kKeys.end(), [id](const Key& each) { return each.name == id; });
    if (key == kKeys.end()) {
      SNDERR("dmasim: unknown key %s; docs/conf.md lists the known ones", id);
      return Errno{EINVAL};
    }
    if (!parse_entry(*key, entry, config)) return Errno{EINVAL};
  }
  if (!check_together(config)) return Errno{EINVAL};
  resolve_subdevice(config);
  return config;
}

}  // namespace dmasim
