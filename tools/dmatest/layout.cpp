// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/dmatest/layout.h"

#include <algorithm>

namespace dmasim::dmatest {
namespace {

/// Divides `total` into `count` parts, each of at least `min`.
std::vector<size_t> split(Dice& dice, size_t total, size_t count, size_t min) {
  std::vector<size_t> cuts{0, total - min * count};
  for (size_t i = 1; i < count; ++i) cuts.push_back(dice.between(0, cuts[1]));
  std::sort(cuts.begin(), cuts.end());
  std::vector<size_t> parts;
  for (size_t i = 0; i < count; ++i) parts.push_back(cuts[i + 1] - cuts[i] + min);
  return parts;
}

}  // namespace

Piece draw_piece(Dice& dice, const Options& options, size_t bytes) {
  const size_t offset = options.random_layout ? dice.between(0, options.test_buf_bytes - bytes) : 0;
  return {.offset = offset, .bytes = bytes};
}

size_t draw_bytes(Dice& dice, const Options& options, size_t unit) {
  const size_t units = options.test_buf_bytes / unit;
  return unit * (options.random_layout ? dice.between(1, units) : units);
}

std::vector<Piece> draw_pieces(Dice& dice, const Options& options, size_t bytes) {
  if (!options.random_layout) return {draw_piece(dice, options, bytes)};
  const size_t count = dice.between(1, std::min<size_t>(6, bytes));
  const std::vector<size_t> sizes = split(dice, bytes, count, 1);
  const std::vector<size_t> gaps = split(dice, options.test_buf_bytes - bytes, count + 1, 0);
  std::vector<Piece> pieces;
  size_t offset = 0;
  for (size_t i = 0; i < count; ++i) {
    offset += gaps[i];
    pieces.push_back({.offset = offset, .bytes = sizes[i]});
    offset += sizes[i];
  }
  for (size_t i = count; i > 1; --i) std::swap(pieces[i - 1], pieces[dice.between(0, i - 1)]);
  return pieces;
}

}  // namespace dmasim::dmatest
