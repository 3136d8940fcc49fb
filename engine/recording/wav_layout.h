// SPDX-License-Identifier: LGPL-2.1-or-later
/// The place of a WAV sample's bits in its bytes.
///
/// The `fmt ` chunk tells how many bits a sample has and how many bytes it takes. By the rules of
/// WAV, a sample takes as few bytes as can hold its bits, and its bits are the upper ones.
/// libsndfile reads by that rule. `arecord -f S24_LE` writes 24 bits into the lower three of four
/// bytes instead, and aplay reads them so.
#pragma once

#include <cstdint>

namespace dmasim {

struct WavLayout {
  enum class Bits : uint8_t {
    usual,    ///< by the rules, or not a WAV of integers
    low_24,   ///< in the lower three of four bytes, little-endian
    unknown,  ///< more bytes than the bits need, in no known way
  };
  Bits bits = Bits::usual;
  // If the bits are low_24: the samples' place in the file.
  uint64_t data_at = 0;
  uint64_t data_bytes = 0;
};

/// Reads the layout of the file at `fd`. The descriptor's own offset does not change.
[[nodiscard]] WavLayout wav_layout(int fd) noexcept;

}  // namespace dmasim
