// SPDX-License-Identifier: LGPL-2.1-or-later
/// From a configuration to the parts of a substream, and to the limits that ioplug is told.
#pragma once

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include <optional>

#include "engine/card/subdevice.h"
#include "plugin/config/pcm_config.h"
#include "plugin/pcm/substream.h"

namespace dmasim {

/// What `conf` means for an open of that direction. Errors: EINVAL, after a line in ALSA's error
/// log.
Result<PcmConfig> open_config(const snd_config_t* conf, snd_pcm_stream_t stream);

/// Takes the subdevice that `config` names, or any that is free. None where there is no directory
/// to keep its lock in and none was named: nobody else can have it then. Errors, after a line in
/// ALSA's error log: those of Subdevice; EBUSY for a number that the card does not have, as of a
/// kernel's. Without a line: EMFILE, ENFILE, ENOMEM.
Result<std::optional<Subdevice>> take_subdevice(const PcmConfig& config, snd_pcm_stream_t stream);

/// Makes engine, sink and source, and narrows `config`'s limits to what a file can hold or holds.
/// No file is made and no thread started. Errors, after a line in ALSA's error log: those of
/// make_file_sink and make_file_source; EBUSY; EINVAL (limits that leave nothing).
Result<SubstreamParts> make_parts(PcmConfig& config, snd_pcm_stream_t stream);

/// Tells ioplug the limits. A negative errno, as alsa-lib's calls.
int set_hw_constraints(snd_pcm_ioplug_t& io, const PcmConfig& config);

}  // namespace dmasim
