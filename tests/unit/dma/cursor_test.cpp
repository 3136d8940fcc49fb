// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/cursor.h"

#include <gtest/gtest.h>

#include <array>

namespace dmasim {
namespace {

/// Two frames of a 3-byte and a 2-byte chunk, the second frame 20 bytes on.
class CursorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    transfer_.chunks = {{.src = &memory_[0], .dst = nullptr, .bytes = 3},
                        {.src = &memory_[10], .dst = nullptr, .bytes = 2}};
    transfer_.frames = 2;
    transfer_.src_stride = 20;
    transfer_.total_bytes = 10;
    cursor_.start(transfer_);
  }

  ptrdiff_t at() const { return cursor_.src() - memory_.data(); }

  static constexpr std::array<ptrdiff_t, 10> kLap{0, 1, 2, 10, 11, 20, 21, 22, 30, 31};
  std::array<std::byte, 40> memory_{};
  Transfer transfer_;
  Cursor cursor_;
};

TEST_F(CursorTest, GoesThroughChunksAndFramesLapAfterLap) {
  for (size_t step = 0; step < 25; ++step) {
    EXPECT_EQ(at(), kLap[step % 10]) << step;
    cursor_.step(1);
  }
}

TEST_F(CursorTest, AnyStepEndsWhereAsManySmallOnesDo) {
  for (size_t from = 0; from < 10; ++from) {
    for (size_t step = 0; step < 45; ++step) {
      cursor_.start(transfer_);
      cursor_.step(from);
      cursor_.step(step);
      EXPECT_EQ(at(), kLap[(from + step) % 10]) << from << " + " << step;
    }
  }
}

TEST_F(CursorTest, AStepOfManyLapsCostsNoMoreThanOne) {
  cursor_.step(UINT64_MAX);
  EXPECT_EQ(at(), kLap[UINT64_MAX % 10]);
}

TEST_F(CursorTest, ReportsWhatLiesTogetherAheadAndHasBeenPassed) {
  EXPECT_EQ(cursor_.contiguous(), 3u);
  cursor_.step(2);
  EXPECT_EQ(cursor_.contiguous(), 1u);
  EXPECT_EQ(cursor_.offset(), 2u);
  cursor_.step(1);
  EXPECT_EQ(cursor_.contiguous(), 2u);
  EXPECT_EQ(cursor_.offset(), 0u);
}

}  // namespace
}  // namespace dmasim
