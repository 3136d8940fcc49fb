// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/ctl_config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "engine/card/mixer_record.h"
#include "plugin/config/config_keys.h"
#include "plugin/config/config_values.h"
#include "plugin/config/pcm_config.h"

namespace dmasim {
namespace {

using std::string_view;

/// The mixer has controls for the first kMixerSubdevices subdevices only. A card may have more.
bool parse_subdevices(string_view text, unsigned& out) {
  const bool parsed = parse_number(text, 1U, kMostSubdevices, out);
  out = std::min(out, kMixerSubdevices);
  return parsed;
}

using Key = ConfigKey<CtlConfig>;

constexpr std::array kKeys{
    Key{{"card", kCardNameAccepts},
        [](string_view t, CtlConfig& c) { return take_card(t, c.card); }},
    Key{{"devices", "1 to 4"},
        [](string_view t, CtlConfig& c) { return parse_number(t, 1U, kMixerDevices, c.devices); }},
    Key{{"subdevices", "1 to 128"},
        [](string_view t, CtlConfig& c) { return parse_subdevices(t, c.subdevices); }},
};
static_assert(kMixerDevices == 4);

constexpr ConfigBlock kBlock{.before_key = "ctl "};

}  // namespace

Result<CtlConfig> parse_ctl_config(const snd_config_t* conf) {
  CtlConfig config;
  const auto values = gather_values(kBlock, words_of(kKeys), conf);
  if (!values || !parse_values<CtlConfig>(kBlock, kKeys, *values, config)) return Errno{EINVAL};
  return config;
}

}  // namespace dmasim
