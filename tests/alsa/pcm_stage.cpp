// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/pcm_stage.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace dmasim::test {
namespace {

constexpr snd_pcm_uframes_t kToXrun = 480;

bool playback(snd_pcm_t* pcm) { return snd_pcm_stream(pcm) == SND_PCM_STREAM_PLAYBACK; }

bool fill(snd_pcm_t* pcm, snd_pcm_uframes_t frames, Stage& stage) {
  stage.written = pattern_frames(stage.setup.layout, 0, frames);
  const auto written = write_frames(pcm, stage.written, stage.setup.layout);
  EXPECT_EQ(written, static_cast<snd_pcm_sframes_t>(frames));
  return written == static_cast<snd_pcm_sframes_t>(frames);
}

bool answers_0(int answer, const char* call) {
  EXPECT_EQ(answer, 0) << call;
  return answer == 0;
}

/// Leaves it blocking.
bool drain_without_wait(snd_pcm_t* pcm) {
  snd_pcm_nonblock(pcm, 1);
  const int answer = snd_pcm_drain(pcm);
  snd_pcm_nonblock(pcm, 0);
  EXPECT_TRUE(answer == -EAGAIN || answer == -EPIPE) << answer;
  return snd_pcm_state(pcm) == SND_PCM_STATE_DRAINING;
}

bool holds_some(snd_pcm_t* pcm) {
  return playback(pcm) || eventually([pcm] { return snd_pcm_avail(pcm) >= 1000; });
}

}  // namespace

bool bring_to(snd_pcm_t* pcm, snd_pcm_state_t state, snd_pcm_uframes_t frames, Stage& stage) {
  if (state == SND_PCM_STATE_OPEN) return true;
  const bool xrun = state == SND_PCM_STATE_XRUN;
  if (xrun && !playback(pcm)) stage.setup.stop_threshold = stage.setup.period_size;
  configure(pcm, stage.setup);
  if (state == SND_PCM_STATE_SETUP) return answers_0(snd_pcm_drop(pcm), "drop");
  if (playback(pcm) && !fill(pcm, xrun ? kToXrun : frames, stage)) return false;
  if (state == SND_PCM_STATE_PREPARED) return true;
  if (!answers_0(snd_pcm_start(pcm), "start")) return false;
  if (xrun) return reaches_state(pcm, state);
  if (state == SND_PCM_STATE_PAUSED) return snd_pcm_pause(pcm, 1) == 0;
  if (state == SND_PCM_STATE_DRAINING) return holds_some(pcm) && drain_without_wait(pcm);
  return snd_pcm_state(pcm) == state;
}

}  // namespace dmasim::test
