// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/pcm/gain.h"

#include <algorithm>
#include <array>

#include "engine/pcm/sample_codec.h"

namespace dmasim {
namespace {

constexpr size_t kChunkSamples = 256;

/// Not 0 * x, which for a negative number, an infinity or a NaN is not the zero of silence.
double times(double value, double factor) noexcept { return factor == 0 ? 0.0 : value * factor; }

}  // namespace

/// A double holds every sample of every format. The error of its product with a factor is far below
/// the last bit of the widest integer.
void apply_gain(const PcmFormat& format, const Gain& gain, std::span<const std::byte> in,
                std::byte* out) noexcept {
  const std::array<double, 2> factors{gain.left, gain.right};
  const size_t sample = sample_bytes(format.sample);
  std::array<double, kChunkSamples> numbers;
  size_t channel = 0;
  while (!in.empty()) {
    const size_t count = std::min(in.size() / sample, kChunkSamples);
    decode(format.sample, in.first(count * sample), numbers.data());
    for (size_t i = 0; i < count; ++i) {
      numbers[i] = times(numbers[i], factors[channel % 2]);
      if (++channel == format.channels) channel = 0;
    }
    encode(format.sample, std::span<const double>(numbers).first(count), out);
    in = in.subspan(count * sample);
    out += count * sample;
  }
}

}  // namespace dmasim
