// SPDX-License-Identifier: LGPL-2.1-or-later
/// The bytes before the samples of a .wav file.
///
/// It uses the plain `fmt ` tags (1: integers, 3: floating point) for all channel counts and
/// widths, because most programs read those. Python's `wave` before 3.12 refuses
/// WAVE_FORMAT_EXTENSIBLE, and libsndfile writes nothing else into RF64. A JUNK chunk reserves the
/// place of RF64's ds64 chunk, so that a file becomes RF64 in place when it passes 4 GiB (EBU Tech
/// 3306).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/pcm/pcm_format.h"

namespace dmasim {

class WavHeader {
 public:
  /// The header of a file with `data_bytes` of samples. If that is odd, a pad byte follows them.
  WavHeader(const PcmFormat& format, uint64_t data_bytes) noexcept;

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return std::span(bytes_).first(size_);
  }

 private:
  void put_name(const char (&name)[5]) noexcept;
  void put(uint64_t value, size_t size) noexcept;
  void put_size(uint64_t value) noexcept;

  std::array<std::byte, 96> bytes_;
  size_t size_ = 0;
};

}  // namespace dmasim
