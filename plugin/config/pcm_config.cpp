// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/pcm_config.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "plugin/config/loop.h"

namespace dmasim {
namespace {

void apply(const Profile& profile, PcmConfig& out) {
  out.formats.assign(profile.formats.begin(), profile.formats.end());
  out.takes_carried_dsd = profile.takes_carried_dsd;
  out.channels = RangeOrList(profile.channels);
  out.channels_chosen = !profile.channels_may_grow;
  out.rate_hz = RangeOrList(profile.rate_hz);
  out.only_usual_rates = profile.only_usual_rates;
  out.period_bytes = profile.period_bytes;
  out.buffer_bytes = profile.buffer_bytes;
  out.periods = profile.periods;
  out.noninterleaved = profile.noninterleaved;
  out.subdevices = profile.subdevices;
  out.channel_maps = profile.channel_maps ? usual_channel_maps() : std::vector<ChannelMap>{};
}

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

bool apply_profile(std::string_view name, PcmConfig& out) {
  const Profile* profile = find_profile(name);
  if (profile != nullptr) apply(*profile, out);
  return profile != nullptr;
}

bool allows_carried(const PcmConfig& config, const PcmFormat& format) noexcept {
  const bool offered =
      std::count(config.formats.begin(), config.formats.end(), format.sample) > 0 ||
      (config.takes_carried_dsd && is_dsd(format.sample));
  return offered && config.channels.contains(format.channels) &&
         config.rate_hz.contains(format.rate_hz);
}

bool clock_paces_all(const PcmConfig& config) noexcept {
  return !config.clock.freerun || (config.cable.empty() && config.slow_callback_ns == 0);
}

bool leaves_room_for_periods(const PcmConfig& config) noexcept {
  return config.period_bytes.min <= config.buffer_bytes.max / config.periods.min;
}

Result<GivenValues> gather_pcm_values(const snd_config_t* conf) {
  auto values = gather_values(kPcmBlock, conf);
  if (!values) return Errno{EINVAL};
  return *std::move(values);
}

Result<PcmConfig> make_pcm_config(const GivenValues& values) {
  PcmConfig config;
  config.directory = CableDirectory::find();
  apply(profiles().front(), config);
  if (!parse_values(kPcmBlock, &Key::parse_pcm, values, config)) return Errno{EINVAL};
  resolve_subdevice(config);
  return config;
}

}  // namespace dmasim
