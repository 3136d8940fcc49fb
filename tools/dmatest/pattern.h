// SPDX-License-Identifier: LGPL-2.1-or-later
/// Test memory. Each byte shows whether the transfer must touch it. PURE.
///
/// The high bits of a byte say whether it belongs to the source or the destination, and whether the
/// transfer must touch it. The low bits count, so that a byte at the wrong place is found.
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

/// The value of byte `n` of the bytes with this `mark`. Transfers differ by their `salt`. The count
/// is folded, so that neighbours differ, and also bytes that are a power of two apart.
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

/// Bytes with a wrong value: how many, and a description of the first.
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

/// One side of a transfer. It has memory of its own, and frees it when it is destroyed. The
/// transfer's stream of bytes goes through the pieces in their order.
class TestMemory {
 public:
  TestMemory(size_t bytes, std::vector<Piece> pieces);

  [[nodiscard]] const std::vector<Piece>& pieces() const noexcept { return pieces_; }
  [[nodiscard]] size_t stream_bytes() const noexcept { return stream_bytes_; }
  [[nodiscard]] std::byte* at(size_t offset) noexcept { return &bytes_[offset]; }
  [[nodiscard]] std::span<std::byte> all() noexcept { return bytes_; }

  void make_source(uint32_t salt);
  void make_destination(uint32_t salt);

  /// Checks that nothing was written to the memory.
  [[nodiscard]] Mismatches check_source(uint32_t salt) const;
  /// Checks that the memory holds the first `moved` bytes of the stream, lap after lap, and
  /// that the other bytes are unchanged.
  [[nodiscard]] Mismatches check_destination(uint32_t salt, uint64_t moved) const;
  /// How many bytes at the beginning of the stream were copied.
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
