// SPDX-License-Identifier: LGPL-2.1-or-later
/// Makes the parts of a substream from a configuration, and sets the limits of the ioplug.
#pragma once

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include <functional>
#include <optional>

#include "engine/card/subdevice.h"
#include "plugin/config/pcm_config.h"
#include "plugin/pcm/substream.h"

namespace dmasim {

/// Reads `conf` for an open of the direction `stream`. Errors: EINVAL, after a line in ALSA's error
/// log.
Result<PcmConfig> open_config(const snd_config_t* conf, snd_pcm_stream_t stream);

/// Acquires the subdevice that `config` names, or else any that is free. The answer is empty if
/// `config` names none and there is no directory for its lock file: then no other process can have
/// one either. Errors, after a line in ALSA's error log: those of Subdevice; EBUSY for a number
/// that the card does not have, as a kernel's card answers. Without a line: EMFILE, ENFILE, ENOMEM.
Result<std::optional<Subdevice>> acquire_subdevice(const PcmConfig& config,
                                                   snd_pcm_stream_t stream);

/// Makes the engine, and the sink or source. Narrows the limits of `config` to what the recording's
/// file can hold, what the source's file holds, or what the cable carries. Makes no file and starts
/// no thread. Errors, after a line in ALSA's error log: those of make_file_sink and
/// make_file_source; EBUSY; EINVAL (no value is left within the limits). `noninterleaved` is for a
/// playback into a cable: see make_cable_sink().
Result<SubstreamParts> make_parts(PcmConfig& config, snd_pcm_stream_t stream,
                                  const std::function<bool()>& noninterleaved = {});

/// Sets the limits of the ioplug. Answers 0 or a negative errno, as alsa-lib's calls.
int set_hw_constraints(snd_pcm_ioplug_t& io, const PcmConfig& config);

}  // namespace dmasim
