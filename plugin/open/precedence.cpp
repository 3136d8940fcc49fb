// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/open/precedence.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <string_view>

#include "engine/device/sink.h"
#include "engine/device/source.h"
#include "engine/recording/file_sink.h"
#include "plugin/config/environment.h"
#include "plugin/config/pcm_config.h"
#include "plugin/open/device_factory.h"
#include "plugin/open/narrow.h"

namespace dmasim {
namespace {

using std::string_view;

bool is_capture(snd_pcm_stream_t stream) noexcept { return stream == SND_PCM_STREAM_CAPTURE; }

bool one_of_source_and_loop(const PcmConfig& config, snd_pcm_stream_t stream) {
  return !is_capture(stream) || config.source.empty() || !config.loop;
}

bool one_of_source_and_cable(const PcmConfig& config, snd_pcm_stream_t stream) {
  return !is_capture(stream) || config.source.empty() || config.cable.empty();
}

bool has_the_subdevice(const PcmConfig& config, snd_pcm_stream_t) {
  return !config.subdev || *config.subdev < config.subdevices;
}

bool has_room(const PcmConfig& config, snd_pcm_stream_t) { return leaves_room_for_periods(config); }

bool source_fits(const PcmConfig& config, snd_pcm_stream_t stream) {
  if (!is_capture(stream)) return true;
  const auto source = make_plain_source(config.source);
  if (!source) return true;
  const auto shape = (*source)->shape();
  PcmConfig narrowed = config;
  return narrow_to_makes(narrowed, **source) && (!shape || narrow_to_shape(narrowed, *shape));
}

bool cable_fits(const PcmConfig& config, snd_pcm_stream_t stream) {
  const auto carried = carried_format(config, stream);
  return !carried || allows_carried(config, *carried);
}

bool file_fits(const PcmConfig& config, snd_pcm_stream_t stream) {
  if (is_capture(stream) || config.file.empty()) return true;
  const auto sink = make_file_sink(file_pattern(config), {.append = config.append});
  PcmConfig narrowed = config;
  return !sink || narrow_to_sink(narrowed, **sink);
}

bool file_can_grow(const PcmConfig& config, snd_pcm_stream_t stream) {
  return is_capture(stream) || config.file.empty() || !config.append ||
         make_file_sink(file_pattern(config), {.append = true}).error() != ENOTSUP;
}

bool clock_fits(const PcmConfig& config, snd_pcm_stream_t) { return clock_paces_all(config); }

/// Keys that can exclude each other. A user who gives one of them may not want the others.
struct Exclusion {
  std::array<string_view, 6> keys;  ///< the unused places at the end are empty
  bool (*agree)(const PcmConfig& config, snd_pcm_stream_t stream);
  bool logged;  ///< the sound may go elsewhere than the user expects, so the log says so
};

/// They are checked in this order.
constexpr std::array kExclusions{
    Exclusion{{"clock", "cable", "loop", "faults"}, clock_fits, true},
    Exclusion{{"source", "loop"}, one_of_source_and_loop, false},
    Exclusion{{"source", "cable"}, one_of_source_and_cable, false},
    Exclusion{{"subdev", "subdevices", "profile"}, has_the_subdevice, false},
    Exclusion{{"period_bytes", "buffer_bytes", "periods", "profile"}, has_room, false},
    Exclusion{{"file", "append"}, file_can_grow, true},
    Exclusion{{"source", "channels", "rate", "format", "profile"}, source_fits, true},
    Exclusion{{"cable", "loop", "format", "channels", "rate", "profile"}, cable_fits, true},
    Exclusion{{"file", "format", "channels", "rate", "profile"}, file_fits, true},
};

bool concerns(const Exclusion& exclusion, const GivenValue& value) {
  return std::count(exclusion.keys.begin(), exclusion.keys.end(), value.key) > 0;
}

/// `values` without those of the exclusion for which `leave_out` is true.
template <typename LeaveOut>
GivenValues without(const GivenValues& values, const Exclusion& exclusion, LeaveOut leave_out) {
  GivenValues rest;
  std::copy_if(values.begin(), values.end(), std::back_inserter(rest), [&](const GivenValue& each) {
    return !concerns(exclusion, each) || !leave_out(each);
  });
  return rest;
}

bool agree(const Exclusion& exclusion, const GivenValues& values, snd_pcm_stream_t stream) {
  const auto config = make_pcm_config(values);
  return !config || exclusion.agree(*config, stream);
}

bool from_environment(const GivenValue& value) { return value.from_environment; }
bool from_name(const GivenValue& value) { return !value.from_environment; }

/// Says whether both the environment and the name give values for the exclusion's keys.
bool mixed(const GivenValues& values, const Exclusion& exclusion) {
  const auto of_these = [&](auto from) {
    return std::any_of(values.begin(), values.end(), [&](const GivenValue& each) {
      return concerns(exclusion, each) && !each.text.empty() && from(each);
    });
  };
  return of_these(from_environment) && of_these(from_name);
}

/// Leaves out one value of the environment if that is enough, else all of them.
GivenValues least_left_out(const GivenValues& values, const Exclusion& exclusion,
                           snd_pcm_stream_t stream) {
  for (const GivenValue& one : values) {
    if (!one.from_environment || !concerns(exclusion, one)) continue;
    GivenValues rest =
        without(values, exclusion, [&](const GivenValue& each) { return each.key == one.key; });
    if (agree(exclusion, rest, stream)) return rest;
  }
  return without(values, exclusion, from_environment);
}

std::string sentence(const GivenValue& left_out, const GivenValues& values,
                     const Exclusion& exclusion) {
  std::string winners;
  for (const GivenValue& each : values) {
    if (each.from_environment || each.text.empty() || !concerns(exclusion, each)) continue;
    winners += (winners.empty() ? "" : ", ") + std::string(each.key) + " = \"" + each.text + "\"";
  }
  return environment_name(left_out.key) + " = \"" + left_out.text +
         "\" is not used, since it excludes what the name says: " + winners;
}

}  // namespace

std::vector<std::string> leave_out_excluded(GivenValues& values, snd_pcm_stream_t stream) {
  std::vector<std::string> sentences;
  for (const Exclusion& exclusion : kExclusions) {
    if (!mixed(values, exclusion) || agree(exclusion, values, stream)) continue;
    if (!agree(exclusion, without(values, exclusion, from_name), stream)) continue;
    GivenValues rest = least_left_out(values, exclusion, stream);
    for (const GivenValue& each : values) {
      if (given_value(rest, each.key) != nullptr) continue;
      sentences.push_back(sentence(each, values, exclusion));
      if (exclusion.logged) SNDERR("dmasim: %s", sentences.back().c_str());
    }
    values = std::move(rest);
  }
  return sentences;
}

std::vector<std::string> unused_by_direction(const GivenValues& values, snd_pcm_stream_t stream) {
  const UsedBy other = is_capture(stream) ? UsedBy::playback : UsedBy::capture;
  std::vector<std::string> sentences;
  for (const GivenValue& each : values) {
    if (each.text.empty() || find_key(kPcmBlock, each.key)->used_by != other) continue;
    sentences.push_back(key_in_log(kPcmBlock, each) + " = \"" + each.text + "\" is not used by a " +
                        (is_capture(stream) ? "capture" : "playback"));
  }
  return sentences;
}

}  // namespace dmasim
