// SPDX-License-Identifier: LGPL-2.1-or-later
/// A pattern of frames for tests. Each sample is computed from its frame's index and its channel,
/// so that a test finds each lost, doubled, swapped or changed frame. It does not use the engine's
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

/// Interleaved frames first, first + 1, ... of the pattern. The fourth byte of S24 has no meaning.
/// It is not zero here, because the ring keeps it as it is. Another `seed` gives another pattern.
std::vector<std::byte> pattern_frames(const FrameLayout& layout, uint64_t first, size_t frames,
                                      uint64_t seed = 0);

/// The same sample as a sound file holds it: an integer, left-justified in 32 bits, without the
/// padding of S24.
int32_t pattern_integer(snd_pcm_format_t format, uint64_t index, unsigned channel);
/// The same sample of a float or double format. A double holds both exactly.
double pattern_real(snd_pcm_format_t format, uint64_t index, unsigned channel);

/// The frames of SOURCE=counter, computed by the engine's documented counter_sample().
std::vector<std::byte> counter_frames(const FrameLayout& layout, uint64_t first, size_t frames);

/// Sets the bytes without a meaning to 0: the fourth byte of S24.
void clear_padding(const FrameLayout& layout, std::span<std::byte> frames);

/// Empty if both are the same. Else a description of the first frame that differs, and of the place
/// in the pattern to which its bytes belong.
std::string first_difference(const FrameLayout& layout, std::span<const std::byte> expected,
                             std::span<const std::byte> actual);

}  // namespace dmasim::test
