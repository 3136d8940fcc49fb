// SPDX-License-Identifier: LGPL-2.1-or-later
/// A control device's configuration: the keys next to `type dmasim` in ctl.NAME of an ALSA conf.
/// Each value is checked here. For a value that is refused, the log gets a line with the key, the
/// value and what is accepted.
#pragma once

#include <alsa/asoundlib.h>

#include <string>

#include "engine/base/result.h"
#include "engine/card/cable_directory.h"

namespace dmasim {

struct CtlConfig {
  std::string card = "dmasim";
  unsigned devices = 1;                               ///< how many devices have loops with controls
  unsigned subdevices = 8;                            ///< how many such loops each device has
  CableDirectory directory = CableDirectory::find();  ///< has the mixer's file and the cables
};

/// Errors: EINVAL, after a line in ALSA's error log.
Result<CtlConfig> parse_ctl_config(const snd_config_t* conf);

}  // namespace dmasim
