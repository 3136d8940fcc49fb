// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/free_run.h"

#include <algorithm>

namespace dmasim {

FrameSpan FreeRun::ahead(uint64_t hw, uint64_t buffer_size) noexcept {
  const uint64_t end = hw + buffer_size;
  if (reported_end_ >= end) return {};
  const uint64_t start = std::max(reported_end_, hw);
  reported_end_ = end;
  return {.start_frames = start, .count_frames = end - start};
}

std::array<FrameSpan, 2> FreeRun::changed(const FrameSpan& span, uint64_t hw,
                                          uint64_t buffer_size) noexcept {
  const uint64_t behind = hw - std::min(hw, span.start_frames);
  const uint64_t laps = (behind + buffer_size - 1) / buffer_size;
  const uint64_t from = span.start_frames + laps * buffer_size;
  const uint64_t to = from + std::min(span.count_frames, buffer_size);
  const uint64_t lap_end = hw + buffer_size;
  const FrameSpan now{.start_frames = from, .count_frames = std::min(to, lap_end) - from};
  if (to <= lap_end) return {now};
  return {now, FrameSpan{.start_frames = hw, .count_frames = to - lap_end}};
}

}  // namespace dmasim
