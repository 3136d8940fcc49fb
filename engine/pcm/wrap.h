// SPDX-License-Identifier: LGPL-2.1-or-later
/// Splits a stretch of a ring where the ring's memory ends: there it goes on at the beginning.
///
///   for (const RingPiece& piece : ring_pieces(size, position, length)) ...
///
/// gives one piece or two, or more if the stretch is longer than the ring. A position counts on
/// from lap to lap. Units are the caller's: bytes or frames.
///
/// PURE.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace dmasim {

struct RingPiece {
  uint64_t at;     ///< where it begins in the ring's memory
  uint64_t after;  ///< how much of the stretch comes before it
  uint64_t count;  ///< never 0
};

class RingPieces {
 public:
  class Iterator {
   public:
    constexpr Iterator(uint64_t size, uint64_t at, uint64_t length) noexcept
        : size_(size), rest_(length), piece_{at, 0, std::min(length, size - at)} {}
    constexpr const RingPiece& operator*() const noexcept { return piece_; }
    constexpr Iterator& operator++() noexcept {
      rest_ -= piece_.count;
      piece_ = {0, piece_.after + piece_.count, std::min(rest_, size_)};
      return *this;
    }
    constexpr bool operator==(std::default_sentinel_t) const noexcept { return rest_ == 0; }

   private:
    uint64_t size_;
    uint64_t rest_;
    RingPiece piece_;
  };

  constexpr RingPieces(uint64_t size, uint64_t position, uint64_t length) noexcept
      : begin_(size, length == 0 ? 0 : position % size, length) {}
  [[nodiscard]] constexpr Iterator begin() const noexcept { return begin_; }
  [[nodiscard]] constexpr std::default_sentinel_t end() const noexcept { return {}; }

 private:
  Iterator begin_;
};

/// `size` may be 0 only if `length` is.
[[nodiscard]] constexpr RingPieces ring_pieces(uint64_t size, uint64_t position,
                                               uint64_t length) noexcept {
  return {size, position, length};
}

}  // namespace dmasim
