// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/cable/cable_record.h"

#include <limits>

namespace dmasim {
namespace {

constexpr int64_t kMostNs = int64_t{1} << 61;
constexpr uint64_t kMostSeconds = uint64_t{1} << 31;
constexpr uint64_t kMostPid = std::numeric_limits<int32_t>::max();
constexpr uint64_t kMostChannels = 256;
constexpr uint64_t kMostRateHz = (uint64_t{1} << 24) - 1;

constexpr uint64_t kLeastHistoryBytes = uint64_t{1} << 20;
constexpr uint64_t kMostHistoryBytes = uint64_t{1} << 26;
constexpr uint64_t kHistorySeconds = 2;
constexpr uint64_t kAheadBytes = uint64_t{1} << 20;

bool is_plausible(const CableSegment& segment) noexcept {
  const uint64_t clock = segment.frames_per_1e15_ns;
  if (clock < 1'000'000'000 || clock >= uint64_t{1} << 48) return false;
  if (segment.first_tape > kMostTape) return false;
  if (segment.end_tape != kOpenEnd &&
      (segment.end_tape < segment.first_tape || segment.end_tape > kMostTape)) {
    return false;
  }
  const auto most = static_cast<int64_t>(kMostTape);
  if (segment.origin_tape < -most || segment.origin_tape > most) return false;
  if (segment.origin_ns < 0 || segment.origin_ns > kMostNs) return false;
  const int64_t lead = static_cast<int64_t>(segment.first_tape) - segment.origin_tape;
  return lead >= 0 && static_cast<uint64_t>(lead) / (clock / 1'000'000 + 1) < kMostSeconds / 2;
}

}  // namespace

bool CableRecord::plausible() const noexcept {
  if (instance == 0 || writer_pid > kMostPid) return false;
  const auto unpacked = unpack_format(format);
  if (!unpacked || capacity_frames == 0) return false;
  const uint64_t most_burst_frames = kMostBurstBytes / unpacked->frame_bytes();
  if (capacity_frames > cable_capacity(*unpacked, most_burst_frames)) return false;
  if (reserved_tape > kMostTape || committed_tape > reserved_tape) return false;
  if (segment_count > kMostSegments) return false;
  for (uint64_t number = oldest(); number < segment_count; ++number) {
    if (!is_plausible(segment(number))) return false;
    if (segment(number).end_tape == kOpenEnd && number + 1 < segment_count) return false;
  }
  return true;
}

bool CableProgress::plausible() const noexcept {
  return instance != 0 && reserved_tape <= kMostTape && committed_tape <= reserved_tape;
}

bool CableProgress::is_of(const CableRecord& whole) const noexcept {
  return record == whole.sequence && instance == whole.instance;
}

uint64_t cable_capacity(const PcmFormat& format, uint64_t burst_frames) noexcept {
  const uint64_t frame = format.frame_bytes();
  const uint64_t history =
      std::clamp(kHistorySeconds * format.rate_hz * frame, kLeastHistoryBytes, kMostHistoryBytes);
  return history / frame + std::max(burst_frames, kAheadBytes / frame);
}

uint64_t pack_format(const PcmFormat& format) noexcept {
  return uint64_t{format.rate_hz} << 16 | uint64_t{format.channels} << 5 |
         static_cast<uint64_t>(format.sample);
}

std::optional<PcmFormat> unpack_format(uint64_t number) noexcept {
  const uint64_t sample = number & 31;
  const uint64_t channels = number >> 5 & 2047;
  const uint64_t rate_hz = number >> 16;
  if (sample >= kSampleFormatCount || channels == 0 || channels > kMostChannels || rate_hz == 0 ||
      rate_hz > kMostRateHz) {
    return std::nullopt;
  }
  return PcmFormat{.sample = static_cast<SampleFormat>(sample),
                   .channels = static_cast<uint32_t>(channels),
                   .rate_hz = static_cast<uint32_t>(rate_hz)};
}

}  // namespace dmasim
