// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/ctl_config.h"

#include <algorithm>
#include <cerrno>

#include "engine/card/mixer_record.h"
#include "plugin/config/config_block.h"

namespace dmasim {

Result<CtlConfig> parse_ctl_config(const snd_config_t* conf) {
  CtlConfig config;
  const auto values = gather_values(kCtlBlock, conf);
  if (!values || !parse_values(kCtlBlock, &Key::parse_ctl, *values, config)) return Errno{EINVAL};
  config.subdevices = std::min(config.subdevices, kMixerSubdevices);  // a card may have more
  return config;
}

}  // namespace dmasim
