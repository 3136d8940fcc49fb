// SPDX-License-Identifier: LGPL-2.1-or-later
/// Templates of chunks and gaps. One of them is the ring of a non-interleaved stream.
#include <algorithm>
#include <utility>

#include "tests/unit/dma/state_fixture.h"

namespace dmasim {
namespace {

class ChannelInterleavedTest : public StateFixture {
 protected:
  void start(const InterleavedTemplate& layout, PrepFlags flags = {}) {
    Result<Transfer*> transfer = state_->prep_interleaved(layout, flags);
    ASSERT_TRUE(transfer.ok());
    submit(**transfer);
    state_->issue_pending(0);
  }

  /// The memory after `runs` (from, to, length) were copied within the original.
  std::array<std::byte, 256> copied(std::initializer_list<std::array<size_t, 3>> runs) const {
    auto expected = original_;
    for (const auto& [from, to, length] : runs) {
      std::copy_n(original_.begin() + static_cast<ptrdiff_t>(from), length,
                  expected.begin() + static_cast<ptrdiff_t>(to));
    }
    return expected;
  }

  /// Two planes of four samples each, two bytes a sample, at 0 and at 100.
  InterleavedTemplate planar(Direction direction) {
    const bool plays = direction == Direction::mem_to_dev;
    return {.direction = direction,
            .src_start = plays ? memory_.data() : nullptr,
            .dst_start = plays ? nullptr : memory_.data(),
            .numf = 4,
            .sgl = {{.size = 2, .icg = 98}, {.size = 2, .icg = -100}}};
  }

  const std::array<std::byte, 256> original_ = memory_;
};

TEST_F(ChannelInterleavedTest, GapsAreLeftOut) {
  configure(Direction::mem_to_dev);
  start({.src_start = memory_.data() + 10,
         .numf = 2,
         .sgl = {{.size = 2, .icg = 3}, {.size = 1, .icg = 4}}});
  state_->advance(100 * kMs);
  EXPECT_EQ(port_.written, bytes({10, 11, 15, 20, 21, 25}));
}

TEST_F(ChannelInterleavedTest, ACopyMayHaveGapsAtTheSourceOnly) {
  make({.memcpy_bytes_per_s = 1000});
  start({.direction = Direction::mem_to_mem,
         .src_start = memory_.data(),
         .dst_start = memory_.data() + 100,
         .dst_sgl = false,
         .numf = 2,
         .sgl = {{.size = 2, .icg = 3}}});
  state_->advance(4 * kMs);
  EXPECT_EQ(memory_, copied({{0, 100, 2}, {5, 102, 2}}));
}

TEST_F(ChannelInterleavedTest, ACopyMayHaveGapsAtTheDestinationOnly) {
  make({.memcpy_bytes_per_s = 1000});
  start({.direction = Direction::mem_to_mem,
         .src_start = memory_.data(),
         .dst_start = memory_.data() + 100,
         .src_sgl = false,
         .numf = 2,
         .sgl = {{.size = 2, .icg = 3}}});
  state_->advance(4 * kMs);
  EXPECT_EQ(memory_, copied({{0, 100, 2}, {2, 105, 2}}));
}

TEST_F(ChannelInterleavedTest, ACopyMayHaveTheSameGapsOnBothSides) {
  make({.memcpy_bytes_per_s = 1000});
  start({.direction = Direction::mem_to_mem,
         .src_start = memory_.data(),
         .dst_start = memory_.data() + 100,
         .numf = 2,
         .sgl = {{.size = 1, .icg = 2}, {.size = 2, .icg = 1}}});
  state_->advance(6 * kMs);
  EXPECT_EQ(memory_, copied({{0, 100, 1}, {3, 103, 2}, {6, 106, 1}, {9, 109, 2}}));
}

TEST_F(ChannelInterleavedTest, ANonInterleavedRingIsPlayedFrameByFrameLapAfterLap) {
  configure(Direction::mem_to_dev, 4);
  start(planar(Direction::mem_to_dev), {.repeat = true});
  state_->advance(5 * kMs);
  EXPECT_EQ(port_.written,
            bytes({0, 1, 100, 101, 2, 3, 102, 103, 4, 5, 104, 105, 6, 7, 106, 107,  //
                   0, 1, 100, 101}));
}

TEST_F(ChannelInterleavedTest, ANonInterleavedRingIsCapturedIntoItsPlanes) {
  configure(Direction::dev_to_mem, 4);
  start(planar(Direction::dev_to_mem), {.repeat = true});
  state_->advance(5 * kMs);
  auto expected = original_;
  for (unsigned value = 0; value < 20; ++value) {
    const unsigned frame = value / 4 % 4;
    const unsigned plane = value % 4 / 2;
    expected[plane * 100 + frame * 2 + value % 2] = static_cast<std::byte>(value);
  }
  EXPECT_EQ(memory_, expected);
}

TEST_F(ChannelInterleavedTest, ARepeatedTemplateTicksOncePerLap) {
  configure(Direction::mem_to_dev, 4);
  start(planar(Direction::mem_to_dev), {.repeat = true});
  EXPECT_EQ(state_->service_ns(), 4 * kMs);
  serve(13 * kMs);
  ASSERT_EQ(callbacks_.size(), 1u);
  EXPECT_EQ(callbacks_[0].result.periods, 3u);
  EXPECT_EQ(state_->service_ns(), 16 * kMs);
}

TEST_F(ChannelInterleavedTest, WithoutRepeatATemplateEnds) {
  configure(Direction::mem_to_dev, 4);
  start(planar(Direction::mem_to_dev));
  serve(100 * kMs);
  EXPECT_EQ(port_.written.size(), 16u);
  EXPECT_EQ(names_called_back().size(), 1u);
  EXPECT_EQ(state_->active(), nullptr);
}

/// A device takes whole bursts. The DMA gathers them from any places in the memory.
TEST_F(ChannelInterleavedTest, BurstsAreGatheredFromPiecesOfAnyLength) {
  configure(Direction::mem_to_dev, 4);
  submit(**prep_sg({piece(0, 3), piece(50, 7), piece(20, 2)}, Direction::mem_to_dev));
  state_->issue_pending(0);
  state_->advance(2 * kMs);
  EXPECT_EQ(port_.written, bytes({0, 1, 2, 50, 51, 52, 53, 54}));
  state_->advance(3 * kMs);
  EXPECT_EQ(port_.written, bytes({0, 1, 2, 50, 51, 52, 53, 54, 55, 56, 20, 21}));
}

TEST_F(ChannelInterleavedTest, BurstsAreScatteredOverPiecesOfAnyLength) {
  configure(Direction::dev_to_mem, 4);
  submit(**prep_sg({piece(0, 3), piece(50, 7), piece(20, 2)}, Direction::dev_to_mem));
  state_->issue_pending(0);
  state_->advance(100 * kMs);
  auto expected = original_;
  unsigned value = 0;
  for (const auto& [at, length] : {std::pair{0u, 3u}, {50u, 7u}, {20u, 2u}}) {
    for (unsigned i = 0; i < length; ++i) expected[at + i] = static_cast<std::byte>(value++);
  }
  EXPECT_EQ(memory_, expected);
}

TEST_F(ChannelInterleavedTest, OfAPlanarCaptureHeldUpLongOnlyTheLastLapIsMade) {
  configure(Direction::dev_to_mem, 4);
  start(planar(Direction::dev_to_mem), {.repeat = true});
  state_->advance(kMs);
  state_->advance(1003 * kMs);
  EXPECT_EQ(port_.skipped, 4u * (1003 - 1 - 4));
  EXPECT_EQ(memory_[4], static_cast<std::byte>(4 * 1002 % 256))
      << "frame 1002 is the third of its lap";
  EXPECT_EQ(memory_[6], static_cast<std::byte>(4 * 999 % 256));
}

}  // namespace
}  // namespace dmasim
