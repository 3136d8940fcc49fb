// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/pcm_transfer.h"

#include <algorithm>
#include <cerrno>
#include <vector>

namespace dmasim::test {
namespace {

/// Areas over the bytes, for alsa-lib's copying functions.
std::vector<snd_pcm_channel_area_t> interleaved_areas(const FrameLayout& layout,
                                                      const void* bytes) {
  const auto sample_bits = static_cast<unsigned>(layout.sample_bytes() * 8);
  std::vector<snd_pcm_channel_area_t> areas(layout.channels);
  for (unsigned channel = 0; channel < layout.channels; ++channel) {
    areas[channel] = {
        .addr = const_cast<void*>(bytes),  // alsa-lib has one type for both directions
        .first = channel * sample_bits,
        .step = layout.channels * sample_bits};
  }
  return areas;
}

/// One buffer for each channel, for RW_NONINTERLEAVED.
class Planes {
 public:
  Planes(const FrameLayout& layout, size_t frames)
      : layout_(layout), bytes_(frames * layout.frame_bytes()), frames_(frames) {}

  std::vector<void*> pointers() {
    std::vector<void*> all;
    for (const auto& area : areas()) all.push_back(area.addr);
    return all;
  }
  std::vector<snd_pcm_channel_area_t> areas() {
    const size_t sample = layout_.sample_bytes();
    std::vector<snd_pcm_channel_area_t> all;
    for (unsigned channel = 0; channel < layout_.channels; ++channel) {
      all.push_back({.addr = bytes_.data() + channel * frames_ * sample,
                     .first = 0,
                     .step = static_cast<unsigned>(sample * 8)});
    }
    return all;
  }

 private:
  const FrameLayout layout_;
  std::vector<std::byte> bytes_;
  const size_t frames_;
};

/// Lengths of pieces that do not end at the end of a period.
class OddPieces {
 public:
  explicit OddPieces(const PcmSetup& setup) : period_(setup.period_size) {}
  size_t next(size_t rest) {
    turn_ = (turn_ + 1) % 3;
    return std::min(rest, turn_ == 0 ? period_ / 3 + 1 : period_ * turn_ + 1);
  }

 private:
  const size_t period_;
  size_t turn_ = 0;
};

snd_pcm_sframes_t write_piece(snd_pcm_t* pcm, const PcmSetup& setup, const std::byte* from,
                              size_t frames) {
  if (setup.interleaved()) return snd_pcm_writei(pcm, from, frames);
  Planes planes(setup.layout, frames);
  snd_pcm_areas_copy(planes.areas().data(), 0, interleaved_areas(setup.layout, from).data(), 0,
                     setup.layout.channels, frames, setup.layout.format);
  return snd_pcm_writen(pcm, planes.pointers().data(), frames);
}

snd_pcm_sframes_t read_piece(snd_pcm_t* pcm, const PcmSetup& setup, std::byte* to, size_t frames) {
  if (setup.interleaved()) return snd_pcm_readi(pcm, to, frames);
  Planes planes(setup.layout, frames);
  const snd_pcm_sframes_t got = snd_pcm_readn(pcm, planes.pointers().data(), frames);
  if (got > 0) {
    snd_pcm_areas_copy(interleaved_areas(setup.layout, to).data(), 0, planes.areas().data(), 0,
                       setup.layout.channels, static_cast<snd_pcm_uframes_t>(got),
                       setup.layout.format);
  }
  return got;
}

/// Moves at most `frames` frames, as far as the mapped area is contiguous.
snd_pcm_sframes_t map_piece(snd_pcm_t* pcm, const PcmSetup& setup, std::byte* bytes,
                            size_t frames) {
  const snd_pcm_channel_area_t* areas = nullptr;
  snd_pcm_uframes_t offset = 0;
  snd_pcm_uframes_t count = frames;
  if (const int err = snd_pcm_mmap_begin(pcm, &areas, &offset, &count); err < 0) return err;
  const auto own = interleaved_areas(setup.layout, bytes);
  if (snd_pcm_stream(pcm) == SND_PCM_STREAM_PLAYBACK) {
    snd_pcm_areas_copy(areas, offset, own.data(), 0, setup.layout.channels, count,
                       setup.layout.format);
  } else {
    snd_pcm_areas_copy(own.data(), 0, areas, offset, setup.layout.channels, count,
                       setup.layout.format);
  }
  return snd_pcm_mmap_commit(pcm, offset, count);
}

/// Starts the PCM if it does not run, and waits until there are frames to map. Answers 0, or a
/// negative answer.
int wait_for_room(snd_pcm_t* pcm) {
  if (snd_pcm_state(pcm) == SND_PCM_STATE_PREPARED) return snd_pcm_start(pcm);
  const int ready = snd_pcm_wait(pcm, kWatchdogMs);
  if (ready < 0) return ready;
  return ready == 0 ? -ETIME : 0;
}

int map_all(snd_pcm_t* pcm, const PcmSetup& setup, std::byte* bytes, size_t frames, size_t* moved) {
  const size_t frame_bytes = setup.layout.frame_bytes();
  OddPieces pieces(setup);
  while (*moved < frames) {
    const snd_pcm_sframes_t avail = snd_pcm_avail_update(pcm);
    if (avail < 0) return static_cast<int>(avail);
    if (avail == 0) {
      if (const int err = wait_for_room(pcm); err < 0) return err;
      continue;
    }
    const size_t piece = std::min(pieces.next(frames - *moved), static_cast<size_t>(avail));
    const auto done = map_piece(pcm, setup, bytes + *moved * frame_bytes, piece);
    if (done < 0) return static_cast<int>(done);
    *moved += static_cast<size_t>(done);
  }
  return 0;
}

}  // namespace

int write_all(snd_pcm_t* pcm, const PcmSetup& setup, std::span<const std::byte> frames,
              size_t* moved) {
  const size_t frame_bytes = setup.layout.frame_bytes();
  const size_t count = frames.size() / frame_bytes;
  if (setup.mmap()) {
    return map_all(pcm, setup, const_cast<std::byte*>(frames.data()), count, moved);
  }
  OddPieces pieces(setup);
  while (*moved < count) {
    const auto done =
        write_piece(pcm, setup, frames.data() + *moved * frame_bytes, pieces.next(count - *moved));
    if (done < 0) return static_cast<int>(done);
    *moved += static_cast<size_t>(done);
  }
  return 0;
}

int read_all(snd_pcm_t* pcm, const PcmSetup& setup, std::span<std::byte> frames, size_t* moved) {
  const size_t frame_bytes = setup.layout.frame_bytes();
  const size_t count = frames.size() / frame_bytes;
  if (setup.mmap()) return map_all(pcm, setup, frames.data(), count, moved);
  OddPieces pieces(setup);
  while (*moved < count) {
    const auto done =
        read_piece(pcm, setup, frames.data() + *moved * frame_bytes, pieces.next(count - *moved));
    if (done < 0) return static_cast<int>(done);
    *moved += static_cast<size_t>(done);
  }
  return 0;
}

}  // namespace dmasim::test
