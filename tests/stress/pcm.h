// SPDX-License-Identifier: LGPL-2.1-or-later
/// One opened PCM in the hands of a worker: the calls of alsa-lib with their right results.
#pragma once

#include <alsa/asoundlib.h>

#include <string>

#include "tests/stress/plan.h"

namespace dmasim::stress {

class Pcm {
 public:
  Pcm(const std::string& name, snd_pcm_stream_t stream, int mode);
  ~Pcm();  ///< closes when nobody has: another error is on its way out then
  Pcm(const Pcm&) = delete;
  Pcm& operator=(const Pcm&) = delete;

  [[nodiscard]] snd_pcm_t* get() const { return pcm_; }
  [[nodiscard]] snd_pcm_state_t state() const { return snd_pcm_state(pcm_); }
  [[nodiscard]] bool playback() const { return snd_pcm_stream(pcm_) == SND_PCM_STREAM_PLAYBACK; }

  /// hw_params as the plan says, which prepares.
  void configure(const Plan& plan);
  /// hw_params as the plan says, with no check of the result.
  int try_configure(const Plan& plan);
  /// 0, or -EPIPE: the stream has come to an xrun under the new thresholds.
  int set_thresholds(snd_pcm_uframes_t avail_min, snd_pcm_uframes_t start, bool free_running);

  void prepare();
  void drop();
  void set_nonblock(bool nonblock);

  /// Writes or reads up to `frames` in the way that its access asks for; gives what alsa-lib gave.
  snd_pcm_sframes_t transfer(snd_pcm_uframes_t frames);
  /// The same by snd_pcm_mmap_begin and snd_pcm_mmap_commit: one piece, never waits.
  snd_pcm_sframes_t transfer_piece(snd_pcm_uframes_t frames);

  [[nodiscard]] snd_pcm_uframes_t buffer_frames() const { return buffer_frames_; }
  [[nodiscard]] snd_pcm_uframes_t period_frames() const { return period_frames_; }
  [[nodiscard]] bool mmap() const;

  /// snd_pcm_close, which has no reason to fail.
  void close();

 private:
  snd_pcm_t* pcm_ = nullptr;
  snd_pcm_access_t access_ = SND_PCM_ACCESS_RW_INTERLEAVED;
  snd_pcm_uframes_t buffer_frames_ = 0;
  snd_pcm_uframes_t period_frames_ = 0;
};

/// The most that one transfer() may ask for.
inline constexpr snd_pcm_uframes_t kMostFrames = 4096;

}  // namespace dmasim::stress
