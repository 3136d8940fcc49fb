// SPDX-License-Identifier: LGPL-2.1-or-later
/// Takes a freshly opened PCM into a state, by the calls that a program would make.
#pragma once

#include <alsa/asoundlib.h>

#include <string>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {

/// What a PCM that was brought somewhere holds.
struct Stage {
  PcmSetup setup;
  std::vector<std::byte> written;  ///< playback: all of it committed, in XRUN played as well
};

/// States that a PCM can be brought to.
inline constexpr std::array kStates{
    SND_PCM_STATE_OPEN, SND_PCM_STATE_SETUP,    SND_PCM_STATE_PREPARED, SND_PCM_STATE_RUNNING,
    SND_PCM_STATE_XRUN, SND_PCM_STATE_DRAINING, SND_PCM_STATE_PAUSED};

/// OPEN is where it is already. In SETUP it has been configured and dropped. Elsewhere a playback
/// holds `frames` of the pattern, in XRUN a few that have been played; a capture in XRUN or
/// DRAINING holds some. False if the machine was too slow; a failed expectation if a call failed.
[[nodiscard]] bool bring_to(snd_pcm_t* pcm, snd_pcm_state_t state, snd_pcm_uframes_t frames,
                            Stage& stage);

}  // namespace dmasim::test
