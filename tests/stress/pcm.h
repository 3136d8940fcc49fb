// SPDX-License-Identifier: LGPL-2.1-or-later
/// One open PCM of a worker. Its functions call alsa-lib and check the results.
#pragma once

#include <alsa/asoundlib.h>

#include <string>

#include "tests/stress/plan.h"

namespace dmasim::stress {

class Pcm {
 public:
  Pcm(const std::string& name, snd_pcm_stream_t stream, int mode);
  ~Pcm();  ///< closes the PCM if close() was not called, as after an exception
  Pcm(const Pcm&) = delete;
  Pcm& operator=(const Pcm&) = delete;

  [[nodiscard]] snd_pcm_t* get() const { return pcm_; }
  [[nodiscard]] snd_pcm_state_t state() const { return snd_pcm_state(pcm_); }
  [[nodiscard]] bool playback() const { return snd_pcm_stream(pcm_) == SND_PCM_STREAM_PLAYBACK; }

  /// Calls hw_params as the plan says. alsa-lib then prepares the PCM.
  void configure(const Plan& plan);
  /// Calls hw_params as the plan says. It does not check the result.
  int try_configure(const Plan& plan);
  /// Returns 0, or -EPIPE if the new thresholds led to an xrun.
  int set_thresholds(snd_pcm_uframes_t avail_min, snd_pcm_uframes_t start, bool free_running);

  void prepare();
  void drop();
  void set_nonblock(bool nonblock);

  /// Writes or reads up to `frames`, with the calls for the PCM's access. Returns alsa-lib's
  /// result.
  snd_pcm_sframes_t transfer(snd_pcm_uframes_t frames);
  /// The same with snd_pcm_mmap_begin and snd_pcm_mmap_commit. It moves one piece and never waits.
  snd_pcm_sframes_t transfer_piece(snd_pcm_uframes_t frames);

  [[nodiscard]] snd_pcm_uframes_t buffer_frames() const { return buffer_frames_; }
  [[nodiscard]] snd_pcm_uframes_t period_frames() const { return period_frames_; }
  [[nodiscard]] bool mmap() const;

  /// snd_pcm_close. It must succeed.
  void close();

 private:
  snd_pcm_t* pcm_ = nullptr;
  snd_pcm_access_t access_ = SND_PCM_ACCESS_RW_INTERLEAVED;
  snd_pcm_uframes_t buffer_frames_ = 0;
  snd_pcm_uframes_t period_frames_ = 0;
};

/// The largest number of frames for one transfer().
inline constexpr snd_pcm_uframes_t kMostFrames = 4096;

}  // namespace dmasim::stress
