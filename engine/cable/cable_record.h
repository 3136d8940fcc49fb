// SPDX-License-Identifier: LGPL-2.1-or-later
/// The record in a cable's file, and the checks that it has to pass. docs/cable.md says why.
///
/// PURE. Any process of the user may have written the file; see engine/card/two_slots.h.
///
///   0               two slots of a CableRecord
///   kProgressOffset two slots of a CableProgress, behind the record in the first slot
///   kAccessOffset   a word: kNoninterleaved if the writer's program has its samples in one area
///                   for each channel. It is for the mixer alone: the samples here are interleaved
///   kDataOffset     capacity_frames frames; tape position n lies at n % capacity_frames
///
/// The newest progress names the record that counts. So a record is found only if the progress
/// after it has been written.
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

/// The delay of a capture frame against the playback: half a millisecond, at least one frame.
[[nodiscard]] constexpr int64_t cable_delay_frames(uint32_t rate_hz) noexcept {
  return std::max<int64_t>((int64_t{rate_hz} + 1000) / 2000, 1);
}
/// A capture frame that is sampled at t is the frame that was due at t minus this time. It is half
/// a frame less than cable_delay_frames(): the edges of the two clocks fall together, but rounding
/// may move one by a nanosecond, and that must not choose another frame.
[[nodiscard]] constexpr int64_t cable_delay_ns(uint32_t rate_hz) noexcept {
  return (2 * cable_delay_frames(rate_hz) - 1) * 500'000'000 / int64_t{rate_hz};
}

/// A piece of the tape that runs without a pause. Has only words as members, as they lie in the
/// file.
struct CableSegment {
  uint64_t first_tape;          ///< position of its first frame
  uint64_t end_tape;            ///< position after its last frame; kOpenEnd while it runs
  int64_t origin_tape;          ///< a position, maybe before first_tape, ...
  int64_t origin_ns;            ///< ... and when it is due, in CLOCK_MONOTONIC
  uint64_t frames_per_1e15_ns;  ///< see FrameTime

  [[nodiscard]] FrameTime time() const noexcept {
    return FrameTime::from_numbers(frames_per_1e15_ns, origin_ns);
  }
  /// The time at which its first frame is due.
  [[nodiscard]] int64_t begin_ns() const noexcept {
    return time().time_of(first_tape - static_cast<uint64_t>(origin_tape));
  }
  /// The position of the frame that is due at `at_ns`, which is not before begin_ns().
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
  uint64_t instance = 0;    ///< names the tape; a new tape has another; 0: no tape
  uint64_t writer_pid = 0;  ///< for messages only
  uint64_t format = 0;      ///< see pack_format
  uint64_t capacity_frames = 0;
  uint64_t reserved_tape = 0;  ///< see CableProgress, which has newer values of these two
  uint64_t committed_tape = 0;
  uint64_t segment_count = 0;  ///< how many there were; the newest kSegments are kept
  std::array<CableSegment, kSegments> segments{};  ///< segment n is at n % kSegments
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
  /// The position after the last frame of segment `number` that may be played.
  [[nodiscard]] uint64_t limit(uint64_t number) const noexcept {
    const uint64_t end = segment(number).end_tape;
    return end == kOpenEnd ? committed_tape : end;
  }
  [[nodiscard]] bool plausible() const noexcept;
  /// The oldest tape position whose samples have not been overwritten.
  [[nodiscard]] uint64_t intact_tape() const noexcept {
    return reserved_tape - std::min(reserved_tape, capacity_frames);
  }
};
static_assert(sizeof(CableRecord) == (10 + 5 * CableRecord::kSegments) * sizeof(uint64_t));
inline constexpr size_t kDataOffset = kSlotsBytes<CableRecord>;

/// How far the writer has come. It is written at each commit, so it is short. While a record
/// counts, committed_tape only rises.
struct CableProgress {
  static constexpr uint64_t kMagic = 0x3173736772706d64;  // "dmprgss1"
  static constexpr size_t kSlotBytes = 64;

  uint64_t magic = kMagic;
  uint64_t sequence = 0;
  uint64_t instance = 0;        ///< that of the record
  uint64_t record = 0;          ///< the sequence of the record that counts
  uint64_t reserved_tape = 0;   ///< the writer raises it before it writes samples from here on
  uint64_t committed_tape = 0;  ///< the newest segment's frames before it come out: the client has
                                ///< committed them, or the card runs free
  uint64_t checksum = 0;

  [[nodiscard]] bool plausible() const noexcept;
  [[nodiscard]] bool is_of(const CableRecord& whole) const noexcept;
  /// The oldest tape position whose samples have not been overwritten.
  [[nodiscard]] uint64_t intact_tape(uint64_t capacity_frames) const noexcept {
    return reserved_tape - std::min(reserved_tape, capacity_frames);
  }
};
static_assert(sizeof(CableProgress) <= CableProgress::kSlotBytes);
inline constexpr size_t kProgressOffset = 2048;
inline constexpr size_t kAccessOffset = 3072;
inline constexpr uint64_t kNoninterleaved = 1;
static_assert(sizeof(CableRecord) <= kProgressOffset &&
              kProgressOffset + kSlotsBytes<CableProgress> <= kAccessOffset &&
              kAccessOffset + sizeof(kNoninterleaved) <= CableRecord::kSlotBytes);

/// Bounds that no correct record comes near. Within them no sum or product overflows. A writer
/// begins a new tape long before it reaches them.
inline constexpr uint64_t kMostTape = uint64_t{1} << 60;
inline constexpr uint64_t kMostSegments = uint64_t{1} << 60;

/// The largest buffer of a writer, in bytes.
inline constexpr uint64_t kMostBurstBytes = uint64_t{1} << 28;
/// The length of the tape in frames: how late a reader may be, plus the frames that a writer's
/// buffer may hold ahead. For all usual buffers it depends on the format alone, so that a writer
/// can go on with the tape of the writer before it.
[[nodiscard]] uint64_t cable_capacity(const PcmFormat& format, uint64_t burst_frames) noexcept;

/// A format as a number below kFormatNumbers.
[[nodiscard]] uint64_t pack_format(const PcmFormat& format) noexcept;
[[nodiscard]] std::optional<PcmFormat> unpack_format(uint64_t number) noexcept;
inline constexpr uint64_t kFormatNumbers = uint64_t{1} << 40;

}  // namespace dmasim
