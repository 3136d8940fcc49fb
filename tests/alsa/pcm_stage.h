// SPDX-License-Identifier: LGPL-2.1-or-later
/// Brings a newly opened PCM into a state, by the calls that a program would make.
#pragma once

#include <alsa/asoundlib.h>

#include <string>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {

/// What was done to bring a PCM into a state.
struct Stage {
  PcmSetup setup;
  std::vector<std::byte> written;  ///< playback: all are committed, and in XRUN all are played
  int64_t start_ns = 0;            ///< a time before the start
  snd_pcm_uframes_t lasting = 0;   ///< the stream runs for so many frames by itself

  [[nodiscard]] Look late_by_xrun() const {
    return dmasim::test::late_by_xrun(setup, start_ns, lasting);
  }
};

/// The states into which a PCM can be brought.
inline constexpr std::array kStates{
    SND_PCM_STATE_OPEN, SND_PCM_STATE_SETUP,    SND_PCM_STATE_PREPARED, SND_PCM_STATE_RUNNING,
    SND_PCM_STATE_XRUN, SND_PCM_STATE_DRAINING, SND_PCM_STATE_PAUSED};

/// Brings `pcm` into `state`. For OPEN it does nothing. For SETUP it configures the PCM and drops
/// it. In any other state a playback holds `frames` frames of the pattern, but in XRUN a few that
/// have been played. A capture in XRUN or DRAINING holds some frames. Answers false if the machine
/// was so slow that the stream has ended in the meantime. If the state is not reached for any other
/// reason, this is a failed expectation.
[[nodiscard]] bool bring_to(snd_pcm_t* pcm, snd_pcm_state_t state, snd_pcm_uframes_t frames,
                            Stage& stage);
/// Says whether the PCM still is in `state`, into which bring_to() has brought it. False and failed
/// expectations as for bring_to().
[[nodiscard]] bool stays_in(snd_pcm_t* pcm, snd_pcm_state_t state, const Stage& stage);

}  // namespace dmasim::test
