// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/cable_record.h"

#include <cstring>

#include "engine/checksum.h"

namespace dmasim {
namespace {

// Bounds that no honest record comes near, and within which no sum or product below overflows.
constexpr uint64_t kMostTape = uint64_t{1} << 60;
constexpr int64_t kMostNs = int64_t{1} << 61;
constexpr uint64_t kMostSeconds = uint64_t{1} << 31;
constexpr uint64_t kMostChannels = 256;
constexpr uint64_t kMostRateHz = (uint64_t{1} << 24) - 1;

constexpr uint64_t kLeastHistoryBytes = uint64_t{1} << 20;
constexpr uint64_t kMostHistoryBytes = uint64_t{1} << 26;
constexpr uint64_t kHistorySeconds = 2;
constexpr uint64_t kAheadBytes = uint64_t{1} << 20;

bool plausible(const CableSegment& segment) noexcept {
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

bool plausible(const CableRecord& record) noexcept {
  const auto format = unpack_format(record.format);
  if (!format || record.capacity_frames == 0) return false;
  const uint64_t most_burst_frames = kMostBurstBytes / format->frame_bytes();
  if (record.capacity_frames > cable_capacity(*format, most_burst_frames)) return false;
  if (record.reserved_tape > kMostTape || record.committed_tape > record.reserved_tape) {
    return false;
  }
  for (uint64_t number = record.oldest(); number < record.segment_count; ++number) {
    const CableSegment& segment = record.segment(number);
    if (!plausible(segment)) return false;
    if (segment.end_tape == kOpenEnd && number + 1 < record.segment_count) return false;
  }
  return true;
}

}  // namespace

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

void seal_record(CableRecord& record) noexcept { record.checksum = checksum_of_words(record); }

std::optional<CableRecord> decode_record(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < sizeof(CableRecord)) return std::nullopt;
  CableRecord record;
  std::memcpy(&record, bytes.data(), sizeof record);
  if (record.magic != kCableMagic || record.checksum != checksum_of_words(record))
    return std::nullopt;
  if (!plausible(record)) return std::nullopt;
  return record;
}

std::optional<CableRecord> decode_newest(std::span<const std::byte> slots) noexcept {
  std::optional<CableRecord> newest;
  for (size_t at = 0; at < kDataOffset && at < slots.size(); at += kSlotBytes) {
    const auto record = decode_record(slots.subspan(at));
    if (record && (!newest || record->sequence > newest->sequence)) newest = record;
  }
  return newest;
}

}  // namespace dmasim
