// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/pcm/wrap.h"

#include <gtest/gtest.h>

#include <vector>

namespace dmasim {
namespace {

/// Tries every position and length in rings of up to five elements, over more than two laps.
TEST(RingPieces, ArePartsOfTheStretchInItsOrder) {
  for (uint64_t size = 1; size <= 5; ++size) {
    for (uint64_t position = 0; position <= 2 * size; ++position) {
      for (uint64_t length = 0; length <= 2 * size + 1; ++length) {
        std::vector<uint64_t> expected;
        for (uint64_t i = 0; i < length; ++i) expected.push_back((position + i) % size);
        std::vector<uint64_t> given;
        for (const auto& [at, after, count] : ring_pieces(size, position, length)) {
          EXPECT_EQ(after, given.size());
          EXPECT_LE(at + count, size);
          for (uint64_t i = 0; i < count; ++i) given.push_back(at + i);
        }
        EXPECT_EQ(given, expected) << size << ' ' << position << ' ' << length;
      }
    }
  }
}

TEST(RingPieces, AreAsFewAsTheRingAllows) {
  for (uint64_t size = 1; size <= 5; ++size) {
    for (uint64_t position = 0; position < size; ++position) {
      for (uint64_t length = 1; length <= 2 * size + 1; ++length) {
        uint64_t pieces = 0;
        for (const RingPiece& piece : ring_pieces(size, position, length)) {
          EXPECT_GT(piece.count, 0U);
          ++pieces;
        }
        EXPECT_EQ(pieces, (position + length + size - 1) / size);
      }
    }
  }
}

TEST(RingPieces, AreNoneOfARingWithoutMemory) {
  for (const RingPiece& piece : ring_pieces(0, 3, 0)) FAIL() << piece.count;
}

}  // namespace
}  // namespace dmasim
