// SPDX-License-Identifier: LGPL-2.1-or-later
/// Moves interleaved frames to or from a PCM in any of the four access modes, in pieces of odd
/// lengths.
#pragma once

#include <alsa/asoundlib.h>

#include <cstddef>
#include <span>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {

/// The highest number of frames that one call moves.
inline size_t most_at_once(const PcmSetup& setup) { return 2 * setup.period_size + 1; }

/// Both block until all frames are moved. MMAP modes start the PCM themselves once the buffer is
/// full (playback) or before they wait (capture). `*moved` counts the frames, also after an error.
/// They answer 0 or the negative number of the first call that failed; -ETIME from the watchdog.
int write_all(snd_pcm_t* pcm, const PcmSetup& setup, std::span<const std::byte> frames,
              size_t* moved);
int read_all(snd_pcm_t* pcm, const PcmSetup& setup, std::span<std::byte> frames, size_t* moved);

}  // namespace dmasim::test
