// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a cable's file says, and when it is believed. docs/cable.md tells why it is as it is.
///
/// PURE. The file is another process's work; see engine/card/two_slots.h.
///
///   0           two slots of a CableRecord
///   kDataOffset capacity_frames frames; tape position n lies at n % capacity_frames
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/card/two_slots.h"
#include "engine/dma/frame_time.h"
#include "engine/pcm/pcm_format.h"

namespace dmasim {

inline constexpr uint64_t kOpenEnd = UINT64_MAX;

/// How far a reader is behind, in frames: half a millisecond, and one at least.
[[nodiscard]] constexpr int64_t cable_delay_frames(uint32_t rate_hz) noexcept {
  return std::max<int64_t>((int64_t{rate_hz} + 1000) / 2000, 1);
}
/// A capture frame sampled at t is the one that was due at t - this. Half a frame less: the edges
/// of both clocks fall together, but for a nanosecond, which must not decide.
[[nodiscard]] constexpr int64_t cable_delay_ns(uint32_t rate_hz) noexcept {
  return (2 * cable_delay_frames(rate_hz) - 1) * 500'000'000 / int64_t{rate_hz};
}

/// A piece of the tape that runs without a pause. Words only, as they lie in the file.
struct CableSegment {
  uint64_t first_tape;          ///< its first frame
  uint64_t end_tape;            ///< past its last frame; kOpenEnd while it runs
  int64_t origin_tape;          ///< the tape position, maybe before first_tape, ...
  int64_t origin_ns;            ///< ... that was due at this time of CLOCK_MONOTONIC
  uint64_t frames_per_1e15_ns;  ///< its clock

  [[nodiscard]] FrameTime time() const noexcept {
    return FrameTime::from_numbers(frames_per_1e15_ns, origin_ns);
  }
  /// The instant at which its first frame is due.
  [[nodiscard]] int64_t begin_ns() const noexcept {
    return time().time_of(first_tape - static_cast<uint64_t>(origin_tape));
  }
  /// The frame that is due at `at_ns`, not before begin_ns().
  [[nodiscard]] uint64_t tape_at(int64_t at_ns) const noexcept {
    return static_cast<uint64_t>(origin_tape) + time().frames_at(at_ns);
  }
};

struct CableRecord {
  static constexpr uint64_t kMagic = 0x31656c6261636d64;  // "dmcable1"
  static constexpr size_t kSlotBytes = 4096;
  static constexpr size_t kSegments = 32;

  uint64_t magic = kMagic;
  uint64_t sequence = 0;
  uint64_t instance = 0;    ///< another one: another tape; 0: none yet
  uint64_t writer_pid = 0;  ///< for messages only
  uint64_t format = 0;      ///< see pack_format
  uint64_t capacity_frames = 0;
  uint64_t reserved_tape = 0;   ///< the writer writes no sample from here on before it says so
  uint64_t committed_tape = 0;  ///< frames of the newest segment up to here are its client's, or
                                ///< come out whether they are or not
  uint64_t segment_count = 0;   ///< all that there were; the newest kSegments are kept
  std::array<CableSegment, kSegments> segments{};  ///< number n at n % kSegments
  uint64_t checksum = 0;

  /// The number of the oldest segment that is kept.
  [[nodiscard]] uint64_t oldest() const noexcept {
    return segment_count - std::min<uint64_t>(segment_count, kSegments);
  }
  [[nodiscard]] CableSegment& segment(uint64_t number) noexcept {
    return segments[number % kSegments];
  }
  [[nodiscard]] const CableSegment& segment(uint64_t number) const noexcept {
    return segments[number % kSegments];
  }
  [[nodiscard]] bool has_open_segment() const noexcept {
    return segment_count > 0 && segment(segment_count - 1).end_tape == kOpenEnd;
  }
  /// Past the last frame of segment `number` that may be heard.
  [[nodiscard]] uint64_t limit(uint64_t number) const noexcept {
    const uint64_t end = segment(number).end_tape;
    return end == kOpenEnd ? committed_tape : end;
  }
  [[nodiscard]] bool plausible() const noexcept;
  /// The oldest tape position whose samples are still whole.
  [[nodiscard]] uint64_t intact_tape() const noexcept {
    return reserved_tape - std::min(reserved_tape, capacity_frames);
  }
};
static_assert(sizeof(CableRecord) == (10 + 5 * CableRecord::kSegments) * sizeof(uint64_t));
inline constexpr size_t kDataOffset = kSlotsBytes<CableRecord>;

/// Bounds that no honest record comes near, and within which no sum or product overflows. Who goes
/// on with a tape begins another one long before.
inline constexpr uint64_t kMostTape = uint64_t{1} << 60;
inline constexpr uint64_t kMostSegments = uint64_t{1} << 60;

/// The largest buffer that a writer may have.
inline constexpr uint64_t kMostBurstBytes = uint64_t{1} << 28;
/// How many frames the tape has: what a reader may be late by, and what the writer's buffer may
/// hold beyond it. Depends on the format alone for all usual buffers, so that one writer goes on
/// with the tape of another.
[[nodiscard]] uint64_t cable_capacity(const PcmFormat& format, uint64_t burst_frames) noexcept;

/// A format as one number, below kFormatNumbers.
[[nodiscard]] uint64_t pack_format(const PcmFormat& format) noexcept;
[[nodiscard]] std::optional<PcmFormat> unpack_format(uint64_t number) noexcept;
inline constexpr uint64_t kFormatNumbers = uint64_t{1} << 40;

}  // namespace dmasim
