// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/pcm_stage.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace dmasim::test {
namespace {

constexpr snd_pcm_uframes_t kToXrun = 480;

bool playback(snd_pcm_t* pcm) { return snd_pcm_stream(pcm) == SND_PCM_STREAM_PLAYBACK; }

void fill(snd_pcm_t* pcm, snd_pcm_uframes_t frames, Stage& stage) {
  stage.written = pattern_frames(stage.setup.layout, 0, frames);
  const auto written = write_frames(pcm, stage.written, stage.setup.layout);
  EXPECT_EQ(written, static_cast<snd_pcm_sframes_t>(frames));
}

/// Starts a drain in non-blocking mode. Afterwards the PCM is in blocking mode again.
void drain_without_wait(snd_pcm_t* pcm) {
  EXPECT_EQ(snd_pcm_nonblock(pcm, 1), 0);
  snd_pcm_drain(pcm);
  EXPECT_EQ(snd_pcm_nonblock(pcm, 0), 0);
}

bool has_moved(snd_pcm_t* pcm) {
  return eventually([pcm] {
    const snd_pcm_sframes_t avail = snd_pcm_avail(pcm);
    return avail >= 1000 || avail < 0;
  });
}

/// The PCM is PREPARED.
void start_towards(snd_pcm_t* pcm, snd_pcm_state_t state, Stage& stage) {
  stage.start_ns = now_ns();
  EXPECT_EQ(snd_pcm_start(pcm), 0);
  if (state == SND_PCM_STATE_XRUN) {
    EXPECT_TRUE(reaches_state(pcm, state));
  }
  if (state == SND_PCM_STATE_PAUSED) snd_pcm_pause(pcm, 1);
  if (state == SND_PCM_STATE_DRAINING) {
    EXPECT_TRUE(playback(pcm) || has_moved(pcm));
    drain_without_wait(pcm);
  }
}

}  // namespace

bool bring_to(snd_pcm_t* pcm, snd_pcm_state_t state, snd_pcm_uframes_t frames, Stage& stage) {
  if (state == SND_PCM_STATE_OPEN) return stays_in(pcm, state, stage);
  const bool xrun = state == SND_PCM_STATE_XRUN;
  if (xrun && !playback(pcm)) stage.setup.stop_threshold = stage.setup.period_size;
  stage.lasting = playback(pcm) ? frames : stage.setup.buffer_size;
  configure(pcm, stage.setup);
  if (state == SND_PCM_STATE_SETUP) {
    EXPECT_EQ(snd_pcm_drop(pcm), 0);
    return stays_in(pcm, state, stage);
  }
  if (playback(pcm)) fill(pcm, xrun ? kToXrun : frames, stage);
  if (state != SND_PCM_STATE_PREPARED) start_towards(pcm, state, stage);
  return stays_in(pcm, state, stage);
}

bool stays_in(snd_pcm_t* pcm, snd_pcm_state_t state, const Stage& stage) {
  const snd_pcm_state_t now = snd_pcm_state(pcm);
  if (now == state) return true;
  const bool over =
      stage.start_ns > 0 && now_ns() - stage.start_ns >= stage.setup.time_of(stage.lasting);
  EXPECT_TRUE(over) << snd_pcm_state_name(now) << " instead of " << snd_pcm_state_name(state)
                    << ", before the stream's end";
  return false;
}

}  // namespace dmasim::test
