// SPDX-License-Identifier: LGPL-2.1-or-later
/// hw_ptr and appl_ptr of one stream. The hardware counts frames from the start on and never wraps.
/// ALSA's pointers wrap at `boundary`, a multiple of the buffer size.
#pragma once

#include <alsa/asoundlib.h>

#include <algorithm>
#include <cstdint>

namespace dmasim {

/// PURE. Works with any boundary. 0 means that the boundary is not known yet.
class Pointers {
 public:
  void configure(snd_pcm_stream_t stream, snd_pcm_uframes_t buffer_size) noexcept {
    playback_ = stream == SND_PCM_STREAM_PLAYBACK;
    buffer_size_ = buffer_size;
    boundary_ = default_boundary(buffer_size);
    find_appl();
  }
  void set_boundary(snd_pcm_uframes_t boundary) noexcept {
    if (boundary > 0) boundary_ = boundary;
    find_appl();
  }
  void reset() noexcept {
    hw_frames_ = appl_ptr_ = 0;
    find_appl();
  }

  void set_hw_frames(uint64_t frames) noexcept {
    hw_frames_ = frames;
    const auto half = static_cast<snd_pcm_sframes_t>(boundary_ / 2);
    if (lead() < -half || lead() >= half) find_appl();
  }

  /// Takes over the appl_ptr that alsa-lib has in the ioplug. Ignores a marked one, see
  /// transferred().
  void show_appl_ptr(snd_pcm_uframes_t shown) noexcept {
    if (!is_moved_by(shown)) return;
    appl_ptr_ = shown;
    find_appl();
  }
  /// Says whether show_appl_ptr(shown) would move the application's position.
  [[nodiscard]] bool is_moved_by(snd_pcm_uframes_t shown) const noexcept {
    return (shown < boundary_ || boundary_ == 0) && shown != appl_ptr_;
  }
  /// The transfer hook has copied `frames` frames: moves appl_ptr() by them at once. alsa-lib moves
  /// its own pointer only after the hook. Until then that pointer has the same value as after a
  /// rewind of `frames` frames, and the substream could not tell these two cases apart. So the hook
  /// stores the answer of this function into alsa-lib's pointer, as a mark: the old value plus one
  /// boundary. alsa-lib then adds `frames`, and subtracts the boundary since the sum is beyond it.
  /// If the sum without the mark wraps, the answer is the old value, without a mark.
  [[nodiscard]] snd_pcm_uframes_t transferred(snd_pcm_uframes_t frames) noexcept {
    const snd_pcm_uframes_t before = appl_ptr_;
    appl_ptr_ = wrap(before + frames);
    find_appl();
    return before + frames < boundary_ ? before + boundary_ : before;
  }

  [[nodiscard]] uint64_t hw_frames() const noexcept { return hw_frames_; }
  [[nodiscard]] snd_pcm_uframes_t hw_ptr() const noexcept { return wrap(hw_frames_); }
  [[nodiscard]] snd_pcm_uframes_t appl_ptr() const noexcept { return appl_ptr_; }
  [[nodiscard]] snd_pcm_uframes_t boundary() const noexcept { return boundary_; }
  [[nodiscard]] snd_pcm_uframes_t buffer_size() const noexcept { return buffer_size_; }

  /// By how many frames the application is ahead of the hardware; negative if it is behind.
  [[nodiscard]] snd_pcm_sframes_t lead() const noexcept {
    return static_cast<snd_pcm_sframes_t>(appl_frames_ - static_cast<int64_t>(hw_frames_));
  }
  /// The application's position in frames from the start on, without a wrap.
  [[nodiscard]] uint64_t appl_frames() const noexcept {
    return static_cast<uint64_t>(std::max<int64_t>(appl_frames_, 0));
  }
  /// Frames that the application may write or read, as snd_pcm_avail counts them. More than the
  /// buffer size if the hardware has passed the application.
  [[nodiscard]] snd_pcm_uframes_t avail() const noexcept {
    const auto buffer = static_cast<snd_pcm_sframes_t>(buffer_size_);
    const snd_pcm_sframes_t frames = playback_ ? buffer - lead() : -lead();
    return frames < 0 ? 0 : static_cast<snd_pcm_uframes_t>(frames);
  }

  /// The boundary that alsa-lib chooses: the buffer size times the largest power of 2 for which
  /// boundary + buffer size does not overflow a long.
  [[nodiscard]] static snd_pcm_uframes_t default_boundary(snd_pcm_uframes_t buffer_size) noexcept {
    if (buffer_size == 0) return 0;
    const auto limit = static_cast<snd_pcm_uframes_t>(__LONG_MAX__) - buffer_size;
    snd_pcm_uframes_t boundary = buffer_size;
    while (boundary <= limit / 2) boundary *= 2;
    return boundary;
  }

 private:
  [[nodiscard]] snd_pcm_uframes_t wrap(uint64_t frames) const noexcept {
    return boundary_ == 0 ? 0 : static_cast<snd_pcm_uframes_t>(frames % boundary_);
  }

  /// Of all positions that have the same appl_ptr, the application's is the one that is less than
  /// half a boundary from the hardware's.
  void find_appl() noexcept {
    auto lead = static_cast<snd_pcm_sframes_t>(appl_ptr_ - hw_ptr());
    const auto half = static_cast<snd_pcm_sframes_t>(boundary_ / 2);
    if (lead < -half) lead += static_cast<snd_pcm_sframes_t>(boundary_);
    if (lead >= half && half > 0) lead -= static_cast<snd_pcm_sframes_t>(boundary_);
    appl_frames_ = static_cast<int64_t>(hw_frames_) + lead;
  }

  bool playback_ = true;
  snd_pcm_uframes_t buffer_size_ = 0;
  snd_pcm_uframes_t boundary_ = 0;
  uint64_t hw_frames_ = 0;
  snd_pcm_uframes_t appl_ptr_ = 0;
  int64_t appl_frames_ = 0;  // without a wrap; negative after a rewind to before the start
};

}  // namespace dmasim
