// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which frames of a tape a reader captures, and when.
///
/// PURE. The reader has a clock of its own, which numbers its frames. The record of the tape has
/// segments, each with the clock of the writer. A reader's frame that is sampled at t is the frame
/// of the tape that was due at t minus cable_delay_ns(). That moment is `due_ns` here.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/cable/cable_record.h"
#include "engine/dma/frame_time.h"

namespace dmasim {

/// The name of a segment, for ever.
struct SegmentId {
  uint64_t instance = 0;  ///< of its tape; 0: no segment
  uint64_t number = 0;

  bool operator==(const SegmentId&) const = default;
};

/// The segment of a moment, and what surrounds it.
struct SegmentAtTime {
  std::optional<uint64_t> number;        ///< the newest segment that has begun; empty: none has
  std::optional<int64_t> next_begin_ns;  ///< when the segment after it begins; empty: there is none
  bool dropped = false;                  ///< none has begun, but the record has dropped some
};
[[nodiscard]] SegmentAtTime segment_at(const CableRecord& record, int64_t due_ns) noexcept;

/// The number of frames, from `index` on, that are sampled before `at_ns` by `clock`. At least 1,
/// for a caller that has found this out for frame `index` by another rounding.
[[nodiscard]] uint64_t frames_before(const FrameTime& clock, uint64_t index,
                                     int64_t at_ns) noexcept;

/// Frames that a reader captures one after the other: they follow each other on the tape, or they
/// are all silence.
struct Stretch {
  uint64_t frames;
  std::optional<uint64_t> tape;  ///< the position of the first frame; empty: silence

  bool operator==(const Stretch&) const = default;
};

/// The next stretch, of at most `most` frames, for a reader that is at position `at` of the tape.
/// The positions from `first` to `end` can be captured. What lies before and behind them is
/// silence.
[[nodiscard]] Stretch stretch_at(int64_t at, uint64_t first, uint64_t end, uint64_t most) noexcept;

/// The distance between the numbers of a reader's frames and their positions on the tape.
///
/// It is rounded once for a whole segment, so the fractions of the two clocks never repeat or drop
/// a frame. If the clocks have drifted apart by more than `slack` frames, it is rounded anew: the
/// reader slips.
class TapeDistance {
 public:
  void reset() noexcept { segment_.reset(); }
  /// The position of frame `index`. `due` is the position that is due in `segment` at the moment of
  /// this frame, by the two clocks.
  int64_t position(SegmentId segment, uint64_t index, uint64_t due, int64_t slack) noexcept;

 private:
  std::optional<SegmentId> segment_;  // for which distance_ was rounded
  int64_t distance_ = 0;
};

}  // namespace dmasim
