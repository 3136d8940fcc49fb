// SPDX-License-Identifier: LGPL-2.1-or-later
/// The report of one PCM: a line of JSON, for people and for tests.
#pragma once

#include <alsa/asoundlib.h>

#include <optional>
#include <string>

#include "plugin/config/pcm_config.h"
#include "plugin/pcm/substream.h"

namespace dmasim {

/// One line, with a newline at its end. `recording` is the name of a playback's file.
[[nodiscard]] std::string report_line(const std::string& pcm, snd_pcm_stream_t stream,
                                      const PcmConfig& config, const std::string& recording,
                                      std::optional<unsigned> subdevice,
                                      const SubstreamStats& stats);

}  // namespace dmasim
