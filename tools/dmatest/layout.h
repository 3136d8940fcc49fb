// SPDX-License-Identifier: LGPL-2.1-or-later
/// Draws the parts of the memory that belong to a transfer. PURE except for the dice.
#pragma once

#include <vector>

#include "tools/dmatest/dice.h"
#include "tools/dmatest/options.h"
#include "tools/dmatest/pattern.h"

namespace dmasim::dmatest {

/// Draws the place of `bytes` bytes in a buffer of the options' size.
[[nodiscard]] Piece draw_piece(Dice& dice, const Options& options, size_t bytes);
/// Draws a size: any multiple of `unit` that fits into the buffer.
[[nodiscard]] size_t draw_bytes(Dice& dice, const Options& options, size_t unit);
/// Divides `bytes` bytes into up to six pieces with gaps between them, in any order.
[[nodiscard]] std::vector<Piece> draw_pieces(Dice& dice, const Options& options, size_t bytes);

}  // namespace dmasim::dmatest
