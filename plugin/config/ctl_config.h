// SPDX-License-Identifier: LGPL-2.1-or-later
/// A control device's configuration: what stands behind `type dmasim` in ctl.NAME of an ALSA conf.
/// Each value is checked here; a refusal is logged with the key, the value and what is accepted.
#pragma once

#include <alsa/asoundlib.h>

#include <string>

#include "engine/base/result.h"
#include "engine/card/cable_directory.h"

namespace dmasim {

struct CtlConfig {
  std::string card = "dmasim";
  unsigned devices = 1;                               ///< whose loops have controls, ...
  unsigned subdevices = 8;                            ///< ... and of each so many
  CableDirectory directory = CableDirectory::find();  ///< of the mixer and the cables
};

/// Errors: EINVAL, after a line in ALSA's error log.
Result<CtlConfig> parse_ctl_config(const snd_config_t* conf);

}  // namespace dmasim
