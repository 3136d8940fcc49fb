// SPDX-License-Identifier: LGPL-2.1-or-later
/// Test memory that knows what should happen to each of its bytes. PURE.
///
/// The high bits of a byte say which side it belongs to and whether the transfer is to touch it;
/// the low bits count, so that a byte at the wrong place shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dmasim::dmatest {

enum class Mark : uint8_t {
  not_to_touch = 0x00,  ///< destination, outside the transfer
  to_overwrite = 0x20,  ///< destination, before the transfer
  not_to_copy = 0x80,   ///< source, outside the transfer
  to_copy = 0xC0,       ///< source, and destination after the transfer
};

/// Byte `n` of what `mark` says. `salt` tells transfers apart. The count is folded: neighbours
/// differ, and so do bytes that lie a power of two apart.
[[nodiscard]] constexpr std::byte stamp(Mark mark, uint32_t salt, uint64_t n) noexcept {
  const uint64_t count = n + salt;
  const uint64_t folded = count ^ count >> 5 ^ count >> 10 ^ count >> 15 ^ count >> 20;
  return static_cast<std::byte>(static_cast<uint64_t>(mark) | (folded & 0x1F));
}

/// A part of the memory that belongs to the transfer.
struct Piece {
  size_t offset = 0;
  size_t bytes = 0;
};

/// Bytes that are not what they should be: how many, and the first in words.
struct Mismatches {
  uint64_t count = 0;
  std::string first;

  void expect(std::byte expected, std::byte found, const char* where, uint64_t at) {
    if (expected != found) note(expected, found, where, at);
  }
  void add(const Mismatches& other);

 private:
  void note(std::byte expected, std::byte found, const char* where, uint64_t at);
};

/// One side of a transfer: memory of its own, gone for good when destroyed. The transfer's stream
/// of bytes runs through the pieces in their order.
class TestMemory {
 public:
  TestMemory(size_t bytes, std::vector<Piece> pieces);

  [[nodiscard]] const std::vector<Piece>& pieces() const noexcept { return pieces_; }
  [[nodiscard]] size_t stream_bytes() const noexcept { return stream_bytes_; }
  [[nodiscard]] std::byte* at(size_t offset) noexcept { return &bytes_[offset]; }
  [[nodiscard]] std::span<std::byte> all() noexcept { return bytes_; }

  void make_source(uint32_t salt);
  void make_destination(uint32_t salt);

  /// Nobody has written to it.
  [[nodiscard]] Mismatches check_source(uint32_t salt) const;
  /// It holds the first `moved` bytes of the stream, round after round, and is otherwise untouched.
  [[nodiscard]] Mismatches check_destination(uint32_t salt, uint64_t moved) const;
  /// How many bytes of the stream lie at its beginning.
  [[nodiscard]] size_t copied_prefix(uint32_t salt) const;

 private:
  void make(uint32_t salt, Mark inside, Mark outside);
  /// Calls visit(offset, n) for each byte of the transfer, n counting along the stream.
  template <typename Visit>
  void each_of_stream(Visit visit) const;
  template <typename Visit>
  void each_outside(Visit visit) const;

  std::vector<std::byte> bytes_;
  std::vector<Piece> pieces_;
  size_t stream_bytes_ = 0;
};

}  // namespace dmasim::dmatest
