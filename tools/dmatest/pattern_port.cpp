// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/dmatest/pattern_port.h"

#include <algorithm>
#include <cstring>

namespace dmasim::dmatest {

PatternPort::PatternPort(const PortStream& stream) : stream_(stream) {
  for (uint64_t n = 0; n < stream.lap_bytes; ++n) {
    lap_.push_back(stamp(Mark::to_copy, stream.salt, n));
  }
}

/// Compares a whole piece at once if it is right, because the caller holds the channel's lock.
void PatternPort::write(std::span<const std::byte> frames, bool) noexcept {
  while (!frames.empty()) {
    const size_t at = moved_bytes_ % lap_.size();
    const size_t piece = std::min(frames.size(), lap_.size() - at);
    if (std::memcmp(frames.data(), &lap_[at], piece) != 0) compare(frames.first(piece), at);
    frames = frames.subspan(piece);
    moved_bytes_ += piece;
  }
}

void PatternPort::compare(std::span<const std::byte> frames, size_t at) {
  for (size_t i = 0; i < frames.size(); ++i) {
    mismatches_.expect(lap_[at + i], frames[i], "device", moved_bytes_ + i);
  }
}

void PatternPort::read(std::span<std::byte> frames) noexcept {
  for (std::byte& each : frames) each = stamp(Mark::to_copy, stream_.salt, moved_bytes_++);
}

}  // namespace dmasim::dmatest
