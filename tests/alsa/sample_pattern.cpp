// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/sample_pattern.h"

#include <algorithm>
#include <bit>
#include <sstream>

#include "engine/device/source.h"
#include "plugin/pcm/alsa_format.h"

namespace dmasim::test {
namespace {

/// A number that is different for each pair of index and channel.
uint64_t mix(uint64_t index, unsigned channel, uint64_t seed) {
  uint64_t z = (index * 64 + channel + 1) * 0x9E3779B97F4A7C15U + seed;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

double real_of(snd_pcm_format_t format, uint64_t bits) {
  const bool wide = snd_pcm_format_width(format) == 64;
  const int exact_bits = wide ? 53 : 24;
  const int64_t whole = static_cast<int64_t>(bits) >> (64 - exact_bits);
  return static_cast<double>(whole) / static_cast<double>(int64_t{1} << (exact_bits - 1));
}

/// The sample's bits as they are stored in memory. For little endian the lowest byte comes first.
uint64_t stored_bits(snd_pcm_format_t format, uint64_t bits) {
  if (snd_pcm_format_float(format) != 1) return bits;
  const double value = real_of(format, bits);
  if (snd_pcm_format_width(format) == 64) return std::bit_cast<uint64_t>(value);
  return std::bit_cast<uint32_t>(static_cast<float>(value));
}

void store(std::byte* to, size_t bytes, bool big_endian, uint64_t bits) {
  for (size_t i = 0; i < bytes; ++i) {
    to[big_endian ? bytes - 1 - i : i] = static_cast<std::byte>(bits >> (8 * i));
  }
}

template <typename Bits>
std::vector<std::byte> fill(const FrameLayout& layout, size_t frames, Bits bits_of) {
  const size_t sample = layout.sample_bytes();
  const bool big_endian = sample > 1 && snd_pcm_format_big_endian(layout.format) == 1;
  std::vector<std::byte> bytes(frames * layout.frame_bytes());
  std::byte* at = bytes.data();
  for (size_t frame = 0; frame < frames; ++frame) {
    for (unsigned channel = 0; channel < layout.channels; ++channel, at += sample) {
      store(at, sample, big_endian, bits_of(frame, channel));
    }
  }
  return bytes;
}

}  // namespace

size_t FrameLayout::sample_bytes() const noexcept {
  return static_cast<size_t>(snd_pcm_format_physical_width(format)) / 8;
}

std::vector<std::byte> pattern_frames(const FrameLayout& layout, uint64_t first, size_t frames,
                                      uint64_t seed) {
  return fill(layout, frames, [&](size_t frame, unsigned channel) {
    return stored_bits(layout.format, mix(first + frame, channel, seed));
  });
}

int32_t pattern_integer(snd_pcm_format_t format, uint64_t index, unsigned channel) {
  const int width = snd_pcm_format_width(format);
  auto bits = static_cast<uint32_t>(mix(index, channel, 0)) << (32 - width);
  if (snd_pcm_format_unsigned(format) == 1) bits ^= 0x80000000U;
  return static_cast<int32_t>(bits);
}

double pattern_real(snd_pcm_format_t format, uint64_t index, unsigned channel) {
  return real_of(format, mix(index, channel, 0));
}

std::vector<std::byte> counter_frames(const FrameLayout& layout, uint64_t first, size_t frames) {
  const SampleFormat format = from_alsa(layout.format).value();
  return fill(layout, frames, [&](size_t frame, unsigned channel) {
    return counter_sample(format, first + frame, channel);
  });
}

void clear_padding(const FrameLayout& layout, std::span<std::byte> frames) {
  if (snd_pcm_format_width(layout.format) != 24 || layout.sample_bytes() != 4) return;
  const size_t top = snd_pcm_format_big_endian(layout.format) == 1 ? 0 : 3;
  for (size_t i = top; i < frames.size(); i += 4) frames[i] = std::byte{0};
}

std::string first_difference(const FrameLayout& layout, std::span<const std::byte> expected,
                             std::span<const std::byte> actual) {
  const auto [in_expected, in_actual] =
      std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
  if (in_expected == expected.end() && in_actual == actual.end()) return {};
  const size_t frame_bytes = layout.frame_bytes();
  const auto at = static_cast<size_t>(in_expected - expected.begin()) / frame_bytes;
  std::ostringstream text;
  text << expected.size() / frame_bytes << " frames expected, " << actual.size() / frame_bytes
       << " found (" << actual.size() % frame_bytes << " bytes over); frame " << at << " differs";
  if ((at + 1) * frame_bytes > actual.size()) return text.str() + ": it is missing";
  const auto found = actual.subspan(at * frame_bytes, frame_bytes);
  for (size_t i = 0; i + frame_bytes <= expected.size(); i += frame_bytes) {
    if (std::equal(found.begin(), found.end(), expected.begin() + static_cast<std::ptrdiff_t>(i))) {
      text << ": it has the bytes of frame " << i / frame_bytes;
      break;
    }
  }
  return text.str();
}

}  // namespace dmasim::test
