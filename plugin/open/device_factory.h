// SPDX-License-Identifier: LGPL-2.1-or-later
/// The one place that chooses the sink or source of a PCM. docs/new-sink.md shows how to add one.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/device/sink.h"
#include "engine/device/source.h"
#include "plugin/config/pcm_config.h"

namespace dmasim {

/// The sinks that `config` names, behind the card's volume. Narrows the limits of `config` to what
/// they can hold. Makes no file and starts no thread. Errors, after a line in ALSA's error log:
/// those of make_file_sink; EINVAL (no value is left within the limits).
Result<std::unique_ptr<Sink>> make_sink(PcmConfig& config);

/// The same for the source. Errors: those of make_file_source; EINVAL (also for a source beside a
/// cable).
Result<std::unique_ptr<Source>> make_source(PcmConfig& config);

/// Says whether `source` is the path of a sound file, and not one of the words for another source.
[[nodiscard]] bool is_sound_file(const std::string& source) noexcept;

}  // namespace dmasim
