// SPDX-License-Identifier: LGPL-2.1-or-later
/// A playback that runs freely (its stop_threshold is the boundary or more): the hardware plays the
/// whole ring again and again, whether or not the program writes. Some sinks have to know the
/// frames before the hardware takes them. This class says which frames to report to them, and when.
#pragma once

#include <array>
#include <cstdint>

#include "plugin/pcm/frame_span.h"

namespace dmasim {

/// PURE. Frames are counted from the start on.
class FreeRun {
 public:
  /// Forgets what was reported: the stream does not run freely any more.
  void reset() noexcept { reported_end_ = 0; }

  /// The frames of the hardware's next lap that were not reported yet. The caller reports them.
  [[nodiscard]] FrameSpan ahead(uint64_t hw, uint64_t buffer_size) noexcept;

  /// The frames of `span` were written into the ring. The answer is the frames under which the
  /// hardware plays them: when it passes them next, which may be a lap later than the program
  /// meant. Two spans, if this is partly in this lap and partly in the next.
  [[nodiscard]] static std::array<FrameSpan, 2> changed(const FrameSpan& span, uint64_t hw,
                                                        uint64_t buffer_size) noexcept;

 private:
  uint64_t reported_end_ = 0;
};

}  // namespace dmasim
