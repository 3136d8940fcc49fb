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
  int64_t start_ns = 0;            ///< the start came after that
  snd_pcm_uframes_t lasting = 0;   ///< for so many frames the stream goes on by itself

  [[nodiscard]] Look late_by_xrun() const {
    return dmasim::test::late_by_xrun(setup, start_ns, lasting);
  }
};

/// States that a PCM can be brought to.
inline constexpr std::array kStates{
    SND_PCM_STATE_OPEN, SND_PCM_STATE_SETUP,    SND_PCM_STATE_PREPARED, SND_PCM_STATE_RUNNING,
    SND_PCM_STATE_XRUN, SND_PCM_STATE_DRAINING, SND_PCM_STATE_PAUSED};

/// OPEN is where it is already. In SETUP it has been configured and dropped. Elsewhere a playback
/// holds `frames` of the pattern, in XRUN a few that have been played; a capture in XRUN or
/// DRAINING holds some. False if the machine was so slow that the stream has ended meanwhile; a
/// failed expectation if it is not there for any other reason.
[[nodiscard]] bool bring_to(snd_pcm_t* pcm, snd_pcm_state_t state, snd_pcm_uframes_t frames,
                            Stage& stage);
/// Whether it still is in `state`, to which it was brought. False and failed expectations as above.
[[nodiscard]] bool stays_in(snd_pcm_t* pcm, snd_pcm_state_t state, const Stage& stage);

}  // namespace dmasim::test
