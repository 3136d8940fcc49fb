// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/cable/cable_timeline.h"

#include <algorithm>
#include <cstdlib>

namespace dmasim {

/// Looks at the newest segment first: a reader that is in time captures that one.
SegmentAtTime segment_at(const CableRecord& record, int64_t due_ns) noexcept {
  SegmentAtTime found;
  const uint64_t oldest = record.oldest();
  for (uint64_t after = record.segment_count; after > oldest; --after) {
    const int64_t begin_ns = record.segment(after - 1).begin_ns();
    if (begin_ns <= due_ns) {
      found.number = after - 1;
      return found;
    }
    found.next_begin_ns = begin_ns;
  }
  found.dropped = oldest > 0;
  return found;
}

uint64_t frames_before(const FrameTime& clock, uint64_t index, int64_t at_ns) noexcept {
  uint64_t frame = clock.frames_at(at_ns);
  if (clock.time_of(frame) < at_ns) ++frame;
  return std::max(frame, index + 1) - index;
}

Stretch stretch_at(int64_t at, uint64_t first, uint64_t end, uint64_t most) noexcept {
  const Stretch silence{most, std::nullopt};
  if (at < 0) return silence;
  const auto tape = static_cast<uint64_t>(at);
  if (tape < first) return {std::min(most, first - tape), std::nullopt};
  if (tape >= end) return silence;
  return {std::min(most, end - tape), tape};
}

int64_t TapeDistance::position(SegmentId segment, uint64_t index, uint64_t due,
                               int64_t slack) noexcept {
  const int64_t fresh = static_cast<int64_t>(due) - static_cast<int64_t>(index);
  if (segment_ != segment || std::abs(fresh - distance_) > slack) {
    segment_ = segment;
    distance_ = fresh;
  }
  return distance_ + static_cast<int64_t>(index);
}

}  // namespace dmasim
