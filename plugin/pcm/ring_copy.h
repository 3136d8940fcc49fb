// SPDX-License-Identifier: LGPL-2.1-or-later
/// Copies frames between a client's areas and the ring, which is always interleaved.
#pragma once

#include <alsa/asoundlib.h>

#include <array>

#include "engine/dma/channel.h"
#include "plugin/pcm/ring.h"

namespace dmasim {

inline constexpr unsigned kMaxChannels = 32;

/// The ring as areas of alsa-lib.
///
/// THREADS  The caller keeps the ring alive. Each piece is copied under the channel's
///          memory_lock(), because the DMA uses the same memory.
class RingAreas {
 public:
  void configure(const Ring& ring, snd_pcm_format_t format, unsigned channels,
                 snd_pcm_uframes_t buffer_size) noexcept;
  void fill_silence() noexcept;  ///< the whole ring; only while no transfer runs
  void silence(Channel& channel, snd_pcm_uframes_t ring_offset, snd_pcm_uframes_t frames) noexcept;

  /// `areas` are interleaved as the ring, or in any other way.
  void copy_in(Channel& channel, snd_pcm_uframes_t ring_offset, const snd_pcm_channel_area_t* areas,
               snd_pcm_uframes_t offset, snd_pcm_uframes_t frames) noexcept;
  void copy_out(Channel& channel, snd_pcm_uframes_t ring_offset,
                const snd_pcm_channel_area_t* areas, snd_pcm_uframes_t offset,
                snd_pcm_uframes_t frames) noexcept;
  /// As copy_out(), into areas that have the ring's length: at their end it goes on at their
  /// beginning.
  void copy_out_wrapped(Channel& channel, snd_pcm_uframes_t ring_offset,
                        const snd_pcm_channel_area_t* areas, snd_pcm_uframes_t offset,
                        snd_pcm_uframes_t frames) noexcept;

 private:
  template <typename Copy>
  void each_piece(Channel& channel, snd_pcm_uframes_t ring_offset, snd_pcm_uframes_t offset,
                  snd_pcm_uframes_t frames, Copy copy) noexcept;
  [[nodiscard]] bool is_interleaved(const snd_pcm_channel_area_t* areas) const noexcept;
  void copy(const snd_pcm_channel_area_t* to, snd_pcm_uframes_t to_offset,
            const snd_pcm_channel_area_t* from, snd_pcm_uframes_t from_offset,
            snd_pcm_uframes_t frames, bool interleaved) const noexcept;

  std::array<snd_pcm_channel_area_t, kMaxChannels> areas_{};
  snd_pcm_format_t format_ = SND_PCM_FORMAT_UNKNOWN;
  unsigned channels_ = 0;
  snd_pcm_uframes_t buffer_size_ = 0;
  snd_pcm_uframes_t piece_frames_ = 1;
};

}  // namespace dmasim
