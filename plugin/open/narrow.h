// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a file, a source or a cable leaves of a PCM's limits.
#pragma once

#include <alsa/asoundlib.h>

#include <optional>
#include <string>

#include "engine/device/source.h"
#include "engine/pcm/pcm_format.h"
#include "engine/recording/file_pattern.h"
#include "plugin/config/pcm_config.h"

namespace dmasim {

/// The recording's name or names. May throw std::bad_alloc.
[[nodiscard]] FilePattern file_pattern(const PcmConfig& config);

/// A source that is none of the words that mean another one.
[[nodiscard]] bool is_sound_file(const std::string& source) noexcept;

// Each of these is false where nothing would be left; the limits are then half narrowed.

/// A recording's type may not hold every format, channel count and rate.
bool narrow_to_file(PcmConfig& config, const char* path);

/// A sound file has one rate and one channel count, as a card with a fixed clock has.
bool narrow_to_shape(PcmConfig& config, const Source::Shape& shape);

/// While others are on a cable it is a card with one format; `plug` converts, as for any card.
bool narrow_to_format(PcmConfig& config, const PcmFormat& format);

/// What the PCM's cable carries at this moment, if that binds it: not the playback of a loop whose
/// "PCM Notify" is on, which changes the format for those who hear it.
[[nodiscard]] std::optional<PcmFormat> carried_format(const PcmConfig& config,
                                                      snd_pcm_stream_t stream);

}  // namespace dmasim
