// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/ring_copy.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "engine/pcm/wrap.h"

namespace dmasim {
namespace {

constexpr size_t kPieceBytes = 65536;  // the DMA has to wait while so many bytes are copied

}  // namespace

void RingAreas::configure(const Ring& ring, snd_pcm_format_t format, unsigned channels,
                          snd_pcm_uframes_t buffer_size) noexcept {
  const auto sample_bits = static_cast<unsigned>(snd_pcm_format_physical_width(format));
  format_ = format;
  channels_ = channels;
  buffer_size_ = buffer_size;
  piece_frames_ = std::max<size_t>(kPieceBytes * 8 / sample_bits / channels, 1);
  for (unsigned i = 0; i < channels; ++i) {
    areas_[i] = {
        .addr = ring.span().data(), .first = i * sample_bits, .step = channels * sample_bits};
  }
}

void RingAreas::fill_silence() noexcept {
  snd_pcm_areas_silence(areas_.data(), 0, channels_, buffer_size_, format_);
}

/// Calls `copy(ring offset, offset, count)` for each piece, under the channel's lock.
template <typename Copy>
void RingAreas::each_piece(Channel& channel, snd_pcm_uframes_t ring_offset,
                           snd_pcm_uframes_t offset, snd_pcm_uframes_t frames, Copy copy) noexcept {
  for (const RingPiece& piece : ring_pieces(buffer_size_, ring_offset, frames)) {
    for (snd_pcm_uframes_t done = 0; done < piece.count; done += piece_frames_) {
      const snd_pcm_uframes_t count = std::min(piece.count - done, piece_frames_);
      MutexLock guard(channel.memory_lock());
      copy(piece.at + done, offset + piece.after + done, count);
    }
  }
}

void RingAreas::silence(Channel& channel, snd_pcm_uframes_t ring_offset,
                        snd_pcm_uframes_t frames) noexcept {
  each_piece(channel, ring_offset, 0, frames,
             [&](snd_pcm_uframes_t at, snd_pcm_uframes_t, snd_pcm_uframes_t count) {
               snd_pcm_areas_silence(areas_.data(), at, channels_, count, format_);
             });
}

/// Says whether the frames of `areas` have whole bytes and lie in memory as those of the ring do.
/// A channel without memory is silent, or is left out: alsa-lib does that.
bool RingAreas::is_interleaved(const snd_pcm_channel_area_t* areas) const noexcept {
  if (areas_[0].step % 8 != 0 || areas[0].addr == nullptr) return false;
  for (unsigned i = 0; i < channels_; ++i) {
    const bool same = areas[i].addr == areas[0].addr && areas[i].first == areas_[i].first &&
                      areas[i].step == areas_[i].step;
    if (!same) return false;
  }
  return true;
}

/// Nearly all programs have interleaved frames. snd_pcm_areas_copy finds this out anew for each
/// copy, and that takes longer than to copy a short period.
void RingAreas::copy(const snd_pcm_channel_area_t* to, snd_pcm_uframes_t to_offset,
                     const snd_pcm_channel_area_t* from, snd_pcm_uframes_t from_offset,
                     snd_pcm_uframes_t frames, bool interleaved) const noexcept {
  if (!interleaved) {
    snd_pcm_areas_copy(to, to_offset, from, from_offset, channels_, frames, format_);
    return;
  }
  const size_t frame_bytes = areas_[0].step / 8;
  std::memcpy(static_cast<std::byte*>(to->addr) + to_offset * frame_bytes,
              static_cast<const std::byte*>(from->addr) + from_offset * frame_bytes,
              frames * frame_bytes);
}

void RingAreas::copy_in(Channel& channel, snd_pcm_uframes_t ring_offset,
                        const snd_pcm_channel_area_t* areas, snd_pcm_uframes_t offset,
                        snd_pcm_uframes_t frames) noexcept {
  const bool interleaved = is_interleaved(areas);
  each_piece(channel, ring_offset, offset, frames,
             [&](snd_pcm_uframes_t to, snd_pcm_uframes_t from, snd_pcm_uframes_t count) {
               copy(areas_.data(), to, areas, from, count, interleaved);
             });
}

void RingAreas::copy_out(Channel& channel, snd_pcm_uframes_t ring_offset,
                         const snd_pcm_channel_area_t* areas, snd_pcm_uframes_t offset,
                         snd_pcm_uframes_t frames) noexcept {
  const bool interleaved = is_interleaved(areas);
  each_piece(channel, ring_offset, offset, frames,
             [&](snd_pcm_uframes_t from, snd_pcm_uframes_t to, snd_pcm_uframes_t count) {
               copy(areas, to, areas_.data(), from, count, interleaved);
             });
}

void RingAreas::copy_out_wrapped(Channel& channel, snd_pcm_uframes_t ring_offset,
                                 const snd_pcm_channel_area_t* areas, snd_pcm_uframes_t offset,
                                 snd_pcm_uframes_t frames) noexcept {
  for (const RingPiece& piece : ring_pieces(buffer_size_, offset, frames)) {
    copy_out(channel, ring_offset + piece.after, areas, piece.at, piece.count);
  }
}

}  // namespace dmasim
