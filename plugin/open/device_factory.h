// SPDX-License-Identifier: LGPL-2.1-or-later
/// The one place that chooses the sink or source of a PCM. docs/new-sink.md shows how to add one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/device/sink.h"
#include "engine/device/source.h"
#include "plugin/config/pcm_config.h"

namespace dmasim {

/// The sinks that `config` names, behind the card's volume. Narrows the limits of `config` to what
/// they can hold. Makes no file and starts no thread. Errors, after a line in ALSA's error log:
/// those of make_file_sink; EINVAL (no value is left within the limits). `noninterleaved` is for
/// the cable: see make_cable_sink().
Result<std::unique_ptr<Sink>> make_sink(PcmConfig& config,
                                        const std::function<bool()>& noninterleaved);

/// The same for the source. Errors: those of make_file_source; EINVAL (also for a source beside a
/// cable).
Result<std::unique_ptr<Source>> make_source(PcmConfig& config);

/// The source that `source` names: by one of the words for a source, else the sound file at that
/// path. The card's volume does not act on it. Logs nothing. Errors: those of make_file_source.
Result<std::unique_ptr<Source>> make_plain_source(const std::string& source);

}  // namespace dmasim
