// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames that know where they belong: each sample is a mix of its frame's index and its channel,
/// so that a lost, doubled, swapped or altered frame shows. Written apart from the engine's own
/// codec.
#pragma once

#include <alsa/asoundlib.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dmasim::test {

struct FrameLayout {
  snd_pcm_format_t format = SND_PCM_FORMAT_S16_LE;
  unsigned channels = 2;

  [[nodiscard]] size_t sample_bytes() const noexcept;
  [[nodiscard]] size_t frame_bytes() const noexcept { return sample_bytes() * channels; }
};

/// Interleaved frames first, first + 1, ... of the pattern. The fourth byte of S24 is not zero,
/// though it means nothing: the bytes of the ring keep it. `seed` tells one pattern from another.
std::vector<std::byte> pattern_frames(const FrameLayout& layout, uint64_t first, size_t frames,
                                      uint64_t seed = 0);

/// What a sound file holds of that: integers left-justified in 32 bits, without S24's padding.
int32_t pattern_integer(snd_pcm_format_t format, uint64_t index, unsigned channel);
/// Float and double samples are exact in a double.
double pattern_real(snd_pcm_format_t format, uint64_t index, unsigned channel);

/// What SOURCE=counter plays, by the engine's documented counter_sample().
std::vector<std::byte> counter_frames(const FrameLayout& layout, uint64_t first, size_t frames);

/// Zeroes what means nothing: the fourth byte of S24.
void clear_padding(const FrameLayout& layout, std::span<std::byte> frames);

/// Empty when both are the same; else the first frame that differs, and where its bytes belong.
std::string first_difference(const FrameLayout& layout, std::span<const std::byte> expected,
                             std::span<const std::byte> actual);

}  // namespace dmasim::test
