// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/pcm_config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/cable/cable_record.h"
#include "engine/card/names.h"
#include "engine/recording/file_pattern.h"
#include "plugin/config/config_keys.h"
#include "plugin/config/config_values.h"
#include "plugin/config/loop.h"
#include "plugin/config/split.h"
#include "plugin/pcm/alsa_format.h"
#include "plugin/pcm/ring_copy.h"

namespace dmasim {
namespace {

using std::string_view;

constexpr string_view kTone = "tone:";
constexpr unsigned kMaxBufferBytes = 256U << 20;
static_assert(kMaxBufferBytes <= kMostBurstBytes, "a cable takes every buffer");

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

bool parse_faults(string_view text, PcmConfig& out) {
  bool first = true;
  return each_piece(text, ",+ ", [&](string_view fault) {
    constexpr string_view kSlowCallback = "slow_callback=";
    return std::exchange(first, false) && fault.starts_with(kSlowCallback) &&
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
  out.rate_hz = Rates(profile.rate_hz);
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

bool parse_rates(string_view text, Rates& out) {
  Range range;
  if (!parse_range(text, 4000, 768000, range)) return false;
  out = Rates(range);
  return true;
}

bool parse_chmap(string_view text, PcmConfig& out) {
  if (text != "none") return parse_channel_maps(text, out.channel_maps);
  out.channel_maps.clear();
  return true;
}

using Key = ConfigKey<PcmConfig>;

bool parse_subdev(string_view text, PcmConfig& out) {
  return parse_number(text, 0U, unsigned{INT_MAX}, out.subdev.emplace());
}

constexpr const char* kCableAccepts =
    "a name of up to 64 letters, digits, '.', '_' and '-', not beginning with '.'";

bool take_cable(string_view text, std::string& out) {
  return cable_name_valid(text) && take_text(text, out);
}

/// Checks the pattern only. %p and the others are filled in later.
bool take_file(string_view text, std::string& out) {
  return FilePattern::parse(text, {}) && take_text(text, out);
}

bool take_source(string_view text, std::string& out) {
  return (!text.starts_with(kTone) || tone_hz(text)) && take_text(text, out);
}

constexpr std::array kKeys{
    // It must be the first, because the other keys override it.
    Key{{"profile", kProfileNames},
        [](string_view t, PcmConfig& c) { return parse_profile(t, c); }},
    Key{{"file",
         "a path; in it %p (process), %n (number of the recording), %c (card), %s (subdevice); "
         "write %% for a percent sign"},
        [](string_view t, PcmConfig& c) { return take_file(t, c.file); }},
    Key{{"append", "yes or no"},
        [](string_view t, PcmConfig& c) { return parse_yes_or_no(t, c.append); }},
    Key{{"source",
         "silence, tone:HZ with HZ above 0, up to 384000, counter or a sound file's path"},
        [](string_view t, PcmConfig& c) { return take_source(t, c.source); }},
    Key{{"cable", kCableAccepts},
        [](string_view t, PcmConfig& c) { return take_cable(t, c.cable); }},
    Key{{"card", kCardNameAccepts},
        [](string_view t, PcmConfig& c) { return take_card(t, c.card); }},
    Key{{"dev", "0 to 31"},
        [](string_view t, PcmConfig& c) { return parse_number(t, 0U, 31U, c.dev); }},
    Key{{"subdev", "a number from 0 on"},
        [](string_view t, PcmConfig& c) { return parse_subdev(t, c); }},
    Key{{"subdevices", "1 to 128"},
        [](string_view t, PcmConfig& c) {
          c.subdevices_chosen = true;
          return parse_number(t, 1U, kMostSubdevices, c.subdevices);
        }},
    Key{{"loop", "yes or no", true},
        [](string_view t, PcmConfig& c) { return parse_yes_or_no(t, c.loop); }},
    Key{{"report", "a path"}, [](string_view t, PcmConfig& c) { return take_text(t, c.report); }},
    Key{{"format",
         "one or more of U8 S16_LE S16_BE S24_3LE S24_3BE S24_LE S24_BE S32_LE S32_BE "
         "FLOAT_LE FLOAT_BE FLOAT64_LE FLOAT64_BE, joined by + or ,"},
        [](string_view t, PcmConfig& c) { return parse_formats(t, c.formats); }},
    Key{{"chmap", "none, or positions like FL+FR, each once, several maps joined by /"},
        [](string_view t, PcmConfig& c) { return parse_chmap(t, c); }},
    Key{{"channels", "N, or MIN-MAX with MIN at most MAX, 1 to 32"},
        [](string_view t, PcmConfig& c) {
          c.channels_chosen = true;
          return parse_range(t, 1, kMaxChannels, c.channels);
        }},
    Key{{"rate", "N, or MIN-MAX with MIN at most MAX, in Hz, 4000 to 768000"},
        [](string_view t, PcmConfig& c) { return parse_rates(t, c.rate_hz); }},
    Key{{"period_bytes", "N, or MIN-MAX with MIN at most MAX, 1 to 134217728"},
        [](string_view t, PcmConfig& c) {
          return parse_range(t, 1, kMaxBufferBytes / 2, c.period_bytes);
        }},
    Key{{"buffer_bytes", "N, or MIN-MAX with MIN at most MAX, 2 to 268435456"},
        [](string_view t, PcmConfig& c) {
          return parse_range(t, 2, kMaxBufferBytes, c.buffer_bytes);
        }},
    Key{{"periods", "N, or MIN-MAX with MIN at most MAX, 1 to 65536"},
        [](string_view t, PcmConfig& c) { return parse_range(t, 1, 65536, c.periods); }},
    Key{{"clock", "realtime"}, [](string_view t, PcmConfig&) { return t == "realtime"; }},
    Key{{"ppm", "a whole number from -100000 to 100000"},
        [](string_view t, PcmConfig& c) { return parse_number(t, -100000, 100000, c.ppm); }},
    Key{{"completion", "channel or shared"},
        [](string_view t, PcmConfig& c) { return parse_completion(t, c.completion); }},
    Key{{"rt_priority", "0 (none) to 99"},
        [](string_view t, PcmConfig& c) { return parse_number(t, 0, 99, c.rt_priority); }},
    Key{{"fifo", "frames, 0 to 65536"},
        [](string_view t, PcmConfig& c) { return parse_number(t, 0U, 65536U, c.fifo_frames); }},
    Key{{"queue_ms", "1 to 60000"},
        [](string_view t, PcmConfig& c) { return parse_number(t, 1U, 60000U, c.queue_ms); }},
    Key{{"flush_ms", "1 to 600000"},
        [](string_view t, PcmConfig& c) { return parse_number(t, 1U, 600000U, c.flush_ms); }},
    Key{{"faults", "slow_callback=TIME (like 2ms), once"},
        [](string_view t, PcmConfig& c) { return parse_faults(t, c); }},
};

constexpr std::array<string_view, 1> kKeysOfControls{"devices"};
constexpr ConfigBlock kBlock{
    .before_key = "", .names_near_variables = true, .other_keys = kKeysOfControls};

/// A loop without a named subdevice or cable uses subdevice 0. If only a cable is named, the PCM is
/// one more PCM at that cable, and does not take a subdevice of the loop.
void resolve_subdevice(PcmConfig& config) {
  const bool at_cable = !config.cable.empty() && !config.subdev;
  if (at_cable && !config.subdevices_chosen) config.subdevices = kMostSubdevices;
  if (at_cable) config.loop = false;
  if (!config.loop) return;
  if (!config.subdev) config.subdev = 0;
  if (!config.cable.empty()) return;
  config.cable = loop_cable(config.card, {.device = config.dev, .subdevice = *config.subdev});
}

}  // namespace

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

bool allows(const PcmConfig& config, const PcmFormat& format) noexcept {
  return std::count(config.formats.begin(), config.formats.end(), format.sample) > 0 &&
         config.channels.contains(format.channels) && config.rate_hz.contains(format.rate_hz);
}

bool leaves_room_for_periods(const PcmConfig& config) noexcept {
  return config.period_bytes.min <= config.buffer_bytes.max / config.periods.min;
}

Result<GivenValues> gather_pcm_values(const snd_config_t* conf) {
  auto values = gather_values(kBlock, words_of(kKeys), conf);
  if (!values) return Errno{EINVAL};
  return *std::move(values);
}

Result<PcmConfig> make_pcm_config(const GivenValues& values) {
  PcmConfig config;
  apply(profiles().front(), config);
  if (!parse_values<PcmConfig>(kBlock, kKeys, values, config)) return Errno{EINVAL};
  resolve_subdevice(config);
  return config;
}

}  // namespace dmasim
