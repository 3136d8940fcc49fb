// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/recording/wav_layout.h"

#include <unistd.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace dmasim {
namespace {

constexpr uint32_t kIntegers = 1;  // the tag of a plain fmt chunk
constexpr uint32_t kExtensible = 0xfffe;

/// Up to 40 bytes of the file from `offset` on. Bytes behind the end of the file are 0.
class Piece {
 public:
  Piece(int fd, uint64_t offset, bool big_endian) noexcept : big_endian_(big_endian) {
    const ssize_t got = pread(fd, bytes_.data(), bytes_.size(), static_cast<off_t>(offset));
    size_ = got > 0 ? static_cast<size_t>(got) : 0;
  }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] bool has_name(std::string_view name, size_t at = 0) const noexcept {
    return std::string_view(bytes_.data() + at, name.size()) == name;
  }
  [[nodiscard]] uint32_t number(size_t at, size_t count) const noexcept {
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      const size_t shift = 8 * (big_endian_ ? count - 1 - i : i);
      value |= uint32_t{static_cast<unsigned char>(bytes_[at + i])} << shift;
    }
    return value;
  }

 private:
  std::array<char, 40> bytes_{};
  size_t size_ = 0;
  bool big_endian_;
};

/// `fmt` starts with the chunk's name and size.
WavLayout::Bits bits_of(const Piece& fmt, bool big_endian) noexcept {
  const uint32_t tag = fmt.number(8, 2);
  const bool extensible = tag == kExtensible && fmt.number(32, 2) == kIntegers;
  if (tag != kIntegers && !extensible) return WavLayout::Bits::usual;
  const uint32_t channels = fmt.number(10, 2);
  const uint32_t frame_bytes = fmt.number(20, 2);
  const uint32_t bits = fmt.number(22, 2);
  if (frame_bytes == (bits + 7) / 8 * channels) return WavLayout::Bits::usual;
  const bool as_arecord = !extensible && !big_endian && bits == 24 && frame_bytes == 4 * channels;
  return as_arecord ? WavLayout::Bits::low_24 : WavLayout::Bits::unknown;
}

}  // namespace

WavLayout wav_layout(int fd) noexcept {
  WavLayout layout;
  const Piece riff(fd, 0, false);
  const bool big_endian = riff.has_name("RIFX");
  const bool wav = big_endian || riff.has_name("RIFF") || riff.has_name("RF64");
  if (!wav || !riff.has_name("WAVE", 8)) return layout;
  for (uint64_t at = 12;;) {
    const Piece chunk(fd, at, big_endian);
    if (chunk.size() < 8) return layout;
    const uint64_t bytes = chunk.number(4, 4);
    if (chunk.has_name("data")) {
      layout.data_at = at + 8;
      layout.data_bytes = bytes;
      return layout;
    }
    if (chunk.has_name("fmt ")) layout.bits = bits_of(chunk, big_endian);
    at += 8 + bytes + bytes % 2;
  }
}

}  // namespace dmasim
