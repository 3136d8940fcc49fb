// SPDX-License-Identifier: LGPL-2.1-or-later
/// How exactly a controller reports its position.
#include "tests/unit/dma/state_fixture.h"

namespace dmasim {
namespace {

class ChannelResidueTest : public StateFixture {
 protected:
  void make_with(ResidueGranularity granularity) {
    make({.caps = {.residue_granularity = granularity}});
    configure(Direction::mem_to_dev);
  }

  Cookie start_ring() {
    return start(**state_->prep_dma_cyclic(std::span(memory_).first(20), 8, Direction::mem_to_dev));
  }
  Cookie start_list() {
    return start(**prep_sg({piece(0, 3), piece(10, 5), piece(20, 2)}, Direction::mem_to_dev));
  }

  std::vector<size_t> residues(Cookie cookie, std::initializer_list<int64_t> times_ms) {
    std::vector<size_t> reported;
    for (const int64_t each : times_ms) {
      state_->advance(each * kMs);
      reported.push_back(state_->tx_status(cookie).residue_bytes);
    }
    return reported;
  }

 private:
  Cookie start(Transfer& transfer) {
    const Cookie cookie = submit(transfer);
    state_->issue_pending(0);
    return cookie;
  }
};

using Residues = std::vector<size_t>;

TEST_F(ChannelResidueTest, ByBurstsItIsExact) {
  make_with(ResidueGranularity::burst);
  EXPECT_EQ(residues(start_list(), {0, 1, 4, 9, 10}), (Residues{10, 9, 6, 1, 0}));
}

TEST_F(ChannelResidueTest, BySegmentsItFallsWithEachPieceOfAList) {
  make_with(ResidueGranularity::segment);
  EXPECT_EQ(residues(start_list(), {0, 2, 3, 7, 8, 9, 10}), (Residues{10, 10, 7, 7, 2, 2, 0}));
}

TEST_F(ChannelResidueTest, ByDescriptorsItFallsAtTheEnd) {
  make_with(ResidueGranularity::descriptor);
  EXPECT_EQ(residues(start_list(), {0, 5, 9, 10}), (Residues{10, 10, 10, 0}));
}

TEST_F(ChannelResidueTest, ByBurstsARingWrapsExactly) {
  make_with(ResidueGranularity::burst);
  EXPECT_EQ(residues(start_ring(), {1, 19, 20, 21}), (Residues{19, 1, 20, 19}));
}

TEST_F(ChannelResidueTest, BySegmentsARingGoesByPeriodsAcrossItsWrap) {
  make_with(ResidueGranularity::segment);
  EXPECT_EQ(residues(start_ring(), {7, 8, 16, 20, 23, 24}), (Residues{20, 12, 4, 4, 4, 16}));
}

TEST_F(ChannelResidueTest, ByDescriptorsARingAlwaysHasAllAhead) {
  make_with(ResidueGranularity::descriptor);
  const Cookie ring = start_ring();
  EXPECT_EQ(residues(ring, {7, 19, 20, 39}), (Residues{20, 20, 20, 20}));
  EXPECT_EQ(state_->tx_status(ring).transferred_bytes, 20u) << "whole laps count";
}

TEST_F(ChannelResidueTest, WhatIsInTheFifoIsReported) {
  make_with(ResidueGranularity::burst);
  const Cookie ring = start_ring();
  port_.in_flight = 7;
  EXPECT_EQ(state_->tx_status(ring).in_flight_bytes, 7u);
}

}  // namespace
}  // namespace dmasim
