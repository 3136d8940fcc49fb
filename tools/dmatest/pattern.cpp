// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/dmatest/pattern.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

namespace dmasim::dmatest {

void Mismatches::note(std::byte expected, std::byte found, const char* where, uint64_t at) {
  if (count++ > 0) return;
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%s byte %" PRIu64 " is 0x%02x instead of 0x%02x", where,
                at, std::to_integer<unsigned>(found), std::to_integer<unsigned>(expected));
  first = text.data();
}

void Mismatches::add(const Mismatches& other) {
  if (count == 0) first = other.first;
  count += other.count;
}

TestMemory::TestMemory(size_t bytes, std::vector<Piece> pieces)
    : bytes_(bytes), pieces_(std::move(pieces)) {
  for (const Piece& piece : pieces_) stream_bytes_ += piece.bytes;
}

template <typename Visit>
void TestMemory::each_of_stream(Visit visit) const {
  uint64_t n = 0;
  for (const Piece& piece : pieces_) {
    for (size_t i = 0; i < piece.bytes; ++i) visit(piece.offset + i, n++);
  }
}

template <typename Visit>
void TestMemory::each_outside(Visit visit) const {
  std::vector<Piece> sorted = pieces_;
  std::sort(sorted.begin(), sorted.end(),
            [](const Piece& a, const Piece& b) { return a.offset < b.offset; });
  sorted.push_back({.offset = bytes_.size(), .bytes = 0});
  size_t offset = 0;
  for (const Piece& piece : sorted) {
    for (; offset < piece.offset; ++offset) visit(offset);
    offset += piece.bytes;
  }
}

void TestMemory::make(uint32_t salt, Mark inside, Mark outside) {
  each_outside([&](size_t offset) { bytes_[offset] = stamp(outside, salt, offset); });
  each_of_stream([&](size_t offset, uint64_t n) { bytes_[offset] = stamp(inside, salt, n); });
}

void TestMemory::make_source(uint32_t salt) { make(salt, Mark::to_copy, Mark::not_to_copy); }

void TestMemory::make_destination(uint32_t salt) {
  make(salt, Mark::to_overwrite, Mark::not_to_touch);
}

Mismatches TestMemory::check_source(uint32_t salt) const {
  Mismatches found;
  each_outside([&](size_t offset) {
    found.expect(stamp(Mark::not_to_copy, salt, offset), bytes_[offset], "source", offset);
  });
  each_of_stream([&](size_t offset, uint64_t n) {
    found.expect(stamp(Mark::to_copy, salt, n), bytes_[offset], "source", offset);
  });
  return found;
}

Mismatches TestMemory::check_destination(uint32_t salt, uint64_t moved) const {
  Mismatches found;
  each_outside([&](size_t offset) {
    found.expect(stamp(Mark::not_to_touch, salt, offset), bytes_[offset], "destination", offset);
  });
  const uint64_t laps = moved / stream_bytes_;
  const uint64_t in_lap = moved % stream_bytes_;
  each_of_stream([&](size_t offset, uint64_t n) {
    const uint64_t written = laps + (n < in_lap ? 1 : 0);  // how often byte n was written
    const std::byte expected = written > 0
                                   ? stamp(Mark::to_copy, salt, (written - 1) * stream_bytes_ + n)
                                   : stamp(Mark::to_overwrite, salt, n);
    found.expect(expected, bytes_[offset], "destination", offset);
  });
  return found;
}

size_t TestMemory::copied_prefix(uint32_t salt) const {
  size_t prefix = 0;
  bool ended = false;
  each_of_stream([&](size_t offset, uint64_t n) {
    ended = ended || bytes_[offset] != stamp(Mark::to_copy, salt, n);
    if (!ended) ++prefix;
  });
  return prefix;
}

}  // namespace dmasim::dmatest
