// SPDX-License-Identifier: LGPL-2.1-or-later
/// The bytes before the samples of a .wav file.
///
/// Plain `fmt ` tags (1: integers, 3: real numbers) whatever the channels and the width, since
/// that is what the most programs read (Python's `wave` refuses WAVE_FORMAT_EXTENSIBLE before
/// 3.12, which is all that libsndfile writes into RF64). A JUNK chunk keeps the place of RF64's
/// ds64, so that a file becomes RF64 where it stands when it passes 4 GiB (EBU Tech 3306).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/pcm/pcm_format.h"

namespace dmasim {

class WavHeader {
 public:
  /// Of a file with `data_bytes` of samples, which a pad byte follows if that is odd.
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
