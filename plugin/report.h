// SPDX-License-Identifier: LGPL-2.1-or-later
/// What one PCM did, as a line of JSON, for people and for tests.
#pragma once

#include <alsa/asoundlib.h>

#include <optional>
#include <string>

#include "plugin/dmasim_pcm.h"
#include "plugin/pcm_config.h"

namespace dmasim {

/// One line, with its end.
[[nodiscard]] std::string report_line(const std::string& pcm, snd_pcm_stream_t stream,
                                      const PcmConfig& config, std::optional<unsigned> subdevice,
                                      const SubstreamStats& stats);

/// Appends in one write, so that lines of several processes do not mix. Errors: those of open(2)
/// and write(2).
Result<void> append_report(const std::string& path, const std::string& line);

}  // namespace dmasim
