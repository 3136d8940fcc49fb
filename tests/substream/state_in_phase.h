// SPDX-License-Identifier: LGPL-2.1-or-later
/// The pure part of a substream, in any phase. A frame takes a millisecond.
#pragma once

#include <gtest/gtest.h>

#include <array>

#include "plugin/pcm/substream_state.h"

namespace dmasim::state_in_phase {

inline constexpr snd_pcm_uframes_t kPeriod = 8;
inline constexpr snd_pcm_uframes_t kBuffer = 32;
inline constexpr snd_pcm_uframes_t kBoundary = 32 << 10;
inline constexpr uint32_t kFifo = 4;
inline constexpr int64_t kMs = 1'000'000;

inline HwSetup hw_setup(bool mmap = false) {
  return {.format = {.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 1000},
          .alsa_format = SND_PCM_FORMAT_S16_LE,
          .mmap = mmap,
          .period_size = kPeriod,
          .buffer_size = kBuffer};
}

inline SwSetup sw_setup() {
  return {.avail_min = kPeriod, .stop_threshold = kBuffer, .boundary = kBoundary};
}

/// The time of a transfer that began at `start_ms`: a frame in each millisecond.
inline TransferTime time_from(int64_t start_ms) {
  return {.time = FrameTime::from_numbers(1'000'000'000, start_ms * kMs)};
}

/// Brings a substream into a phase, as a program would. In the phases from RUNNING on, 16 frames
/// were written, or may be read.
inline SubstreamState in_phase(Phase phase, snd_pcm_stream_t stream = SND_PCM_STREAM_PLAYBACK,
                               bool mmap = false) {
  SubstreamState state(stream, kFifo);
  if (phase == Phase::open) return state;
  state.hw_params(hw_setup(mmap));
  EXPECT_TRUE(state.sw_params(sw_setup()));
  if (phase == Phase::setup) return state;
  state.prepare();
  if (phase == Phase::prepared) return state;
  if (state.playback()) state.transferred(16);
  state.start();
  state.moved({.hw_frames = state.playback() ? 1u : 16u});
  state.run(time_from(0));
  if (phase == Phase::paused) state.pause();
  if (phase == Phase::draining || phase == Phase::drained) state.drain(false);
  if (phase == Phase::xrun) state.settle(false);
  return state;
}

inline snd_pcm_stream_t stream_of(Phase phase) {
  return phase == Phase::drained ? SND_PCM_STREAM_CAPTURE : SND_PCM_STREAM_PLAYBACK;
}

inline constexpr std::array kAllPhases{Phase::open,    Phase::setup,  Phase::prepared,
                                       Phase::running, Phase::paused, Phase::draining,
                                       Phase::drained, Phase::xrun};

}  // namespace dmasim::state_in_phase
