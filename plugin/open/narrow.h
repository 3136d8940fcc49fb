// SPDX-License-Identifier: LGPL-2.1-or-later
/// Narrows a PCM's limits to what its sink, source or cable allows.
#pragma once

#include <alsa/asoundlib.h>

#include <optional>
#include <string>

#include "engine/device/sink.h"
#include "engine/device/source.h"
#include "engine/pcm/pcm_format.h"
#include "engine/recording/file_pattern.h"
#include "plugin/config/pcm_config.h"

namespace dmasim {

/// The pattern of the recording's name or names, which parse_file() has accepted. May throw
/// std::bad_alloc.
[[nodiscard]] FilePattern file_pattern(const PcmConfig& config);

// Each of the next four answers false if no value would be left. Some limits may be narrowed then.

/// To what the sink can hold: some types of files do not hold every format, channel count and rate.
bool narrow_to_sink(PcmConfig& config, const Sink& sink);

/// To the formats that the source makes.
bool narrow_to_makes(PcmConfig& config, const Source& source);

/// To the one rate and one channel count of a sound file, as on a card with a fixed clock.
bool narrow_to_shape(PcmConfig& config, const Source::Shape& shape);

/// To the one format that a cable has while other streams use it. `plug` converts, as for any card.
bool narrow_to_format(PcmConfig& config, const PcmFormat& format);

/// To the usual rates and the ends of a range, if the configuration wants no others. It comes last:
/// a sound file or a cable may have any rate of the range.
void narrow_to_usual_rates(PcmConfig& config);

/// The format that the PCM's cable carries now, if the PCM must use it. Empty for the playback of a
/// loop whose "PCM Notify" is on: this playback may change the format for the loop's captures.
[[nodiscard]] std::optional<PcmFormat> carried_format(const PcmConfig& config,
                                                      snd_pcm_stream_t stream);

}  // namespace dmasim
