// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/dmatest/pattern_port.h"

namespace dmasim::dmatest {

void PatternPort::take(std::span<const std::byte> frames, bool) noexcept {
  for (const std::byte found : frames) {
    const std::byte expected =
        stamp(Mark::to_copy, stream_.salt, moved_bytes_ % stream_.round_bytes);
    mismatches_.expect(expected, found, "device", moved_bytes_);
    ++moved_bytes_;
  }
}

void PatternPort::fill(std::span<std::byte> frames) noexcept {
  for (std::byte& each : frames) each = stamp(Mark::to_copy, stream_.salt, moved_bytes_++);
}

}  // namespace dmasim::dmatest
