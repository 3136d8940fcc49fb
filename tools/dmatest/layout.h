// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which parts of the memory a transfer is about. PURE but for the dice.
#pragma once

#include <vector>

#include "tools/dmatest/dice.h"
#include "tools/dmatest/options.h"
#include "tools/dmatest/pattern.h"

namespace dmasim::dmatest {

/// Where `bytes` lie in a buffer of `buf_bytes`.
[[nodiscard]] Piece draw_piece(Dice& dice, const Options& options, size_t bytes);
/// A size: any multiple of `unit` that fits.
[[nodiscard]] size_t draw_bytes(Dice& dice, const Options& options, size_t unit);
/// `bytes` in up to six pieces with gaps between them, in any order.
[[nodiscard]] std::vector<Piece> draw_pieces(Dice& dice, const Options& options, size_t bytes);

}  // namespace dmasim::dmatest
