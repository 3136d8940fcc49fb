// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where the bits of a WAV's samples lie in their bytes.
///
/// The `fmt ` chunk tells the bits of a sample and the bytes that it takes. By the rules of WAV a
/// sample takes as few bytes as hold its bits, and its bits are the upper ones. libsndfile reads by
/// that rule. `arecord -f S24_LE` writes 24 bits in the lower three of four bytes instead, and
/// aplay reads them so.
#pragma once

#include <cstdint>

namespace dmasim {

struct WavLayout {
  enum class Bits : uint8_t {
    usual,    ///< as the rules say, or no WAV of integers at all
    low_24,   ///< in the lower three of four bytes, in little-endian order
    unknown,  ///< more bytes than the bits need, and no rule says which of them count
  };
  Bits bits = Bits::usual;
  // Where the bits are low_24: the samples are these bytes of the file.
  uint64_t data_at = 0;
  uint64_t data_bytes = 0;
};

/// Of the file at `fd`, whose own position stays where it is.
[[nodiscard]] WavLayout wav_layout(int fd) noexcept;

}  // namespace dmasim
