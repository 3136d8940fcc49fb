// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which records are accepted.
#include "engine/cable/cable_record.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <random>
#include <vector>

namespace dmasim {
namespace {

constexpr PcmFormat kFormat{};
/// The frames of the tape for the largest buffer.
const uint64_t kMostFrames = cable_capacity(kFormat, kMostBurstBytes / kFormat.frame_bytes());

CableRecord good_record() {
  CableRecord record;
  record.sequence = 8;
  record.instance = 3;
  record.format = pack_format(kFormat);
  record.capacity_frames = 1000;
  record.reserved_tape = 5000;
  record.committed_tape = 4500;
  record.segment_count = 1;
  record.segments[0] = {.first_tape = 4000,
                        .end_tape = kOpenEnd,
                        .origin_tape = 3900,
                        .origin_ns = 1'000'000'000,
                        .frames_per_1e15_ns = 48'000'000'000};
  return record;
}

std::vector<std::byte> sealed(CableRecord record, size_t bytes = sizeof(CableRecord)) {
  seal(record);
  std::vector<std::byte> slot(std::max(bytes, sizeof record));
  std::memcpy(slot.data(), &record, sizeof record);
  slot.resize(bytes);
  return slot;
}

std::vector<std::byte> both(const CableRecord& first, const CableRecord& second) {
  auto slots = sealed(first, CableRecord::kSlotBytes);
  const auto other = sealed(second, CableRecord::kSlotBytes);
  slots.insert(slots.end(), other.begin(), other.end());
  return slots;
}

TEST(CableRecord, AGoodOneIsBelievedWordForWord) {
  const auto record = decode_record<CableRecord>(sealed(good_record()));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->committed_tape, 4500U);
  EXPECT_EQ(record->limit(0), 4500U);
  EXPECT_EQ(record->intact_tape(), 4000U);
  EXPECT_EQ(record->segment(0).begin_ns(), 1'002'083'334);
  EXPECT_EQ(record->segment(0).tape_at(2'000'000'000), 51'900U);
}

TEST(CableRecord, EveryFlippedBitIsNoticed) {
  const auto slot = sealed(good_record());
  for (size_t bit = 0; bit < slot.size() * 8; ++bit) {
    auto torn = slot;
    torn[bit / 8] ^= std::byte{1} << (bit % 8);
    ASSERT_FALSE(decode_record<CableRecord>(torn)) << bit;
  }
}

TEST(CableRecord, EveryMixtureOfTwoUpdatesIsNoticed) {
  CableRecord next = good_record();
  next.sequence += 2;
  next.committed_tape += 100;
  next.segments[0].end_tape = 4600;
  const auto before = sealed(good_record());
  const auto after = sealed(next);
  int mixtures = 0;
  for (size_t cut = 1; cut < before.size(); ++cut) {
    auto torn = after;
    std::copy(before.begin() + static_cast<ptrdiff_t>(cut), before.end(),
              torn.begin() + static_cast<ptrdiff_t>(cut));
    if (torn == before || torn == after) continue;
    ASSERT_FALSE(decode_record<CableRecord>(torn)) << cut;
    ++mixtures;
  }
  EXPECT_GT(mixtures, 100);
}

TEST(CableRecord, ATornUpdateLeavesTheOneBefore) {
  CableRecord next = good_record();
  ++next.sequence;
  auto slots = both(good_record(), next);
  ASSERT_TRUE(decode_newest<CableRecord>(slots));
  EXPECT_EQ(decode_newest<CableRecord>(slots)->sequence, 9U);
  slots[CableRecord::kSlotBytes + 100] ^= std::byte{1};
  ASSERT_TRUE(decode_newest<CableRecord>(slots));
  EXPECT_EQ(decode_newest<CableRecord>(slots)->sequence, 8U);
  slots[100] ^= std::byte{1};
  EXPECT_FALSE(decode_newest<CableRecord>(slots));
}

TEST(CableRecord, AShortFileIsNoRecord) {
  const auto slots = both(good_record(), good_record());
  for (size_t size = 0; size < sizeof(CableRecord); ++size) {
    ASSERT_FALSE(decode_newest<CableRecord>(std::span(slots).first(size))) << size;
  }
  EXPECT_TRUE(decode_newest<CableRecord>(std::span(slots).first(sizeof(CableRecord))));
}

TEST(CableRecord, WhatIsOutOfBoundsIsRefusedThoughItIsSealed) {
  using Spoil = std::function<void(CableRecord&)>;
  constexpr uint64_t kHuge = UINT64_MAX - 1;
  const std::vector<Spoil> all{
      [](CableRecord& r) { r.magic = 1; },
      [](CableRecord& r) { r.instance = 0; },
      [](CableRecord& r) { r.writer_pid = uint64_t{INT32_MAX} + 1; },
      [](CableRecord& r) { r.format = 0; },
      [](CableRecord& r) { r.format |= 31; },
      [](CableRecord& r) { r.format = kHuge; },
      [](CableRecord& r) { r.capacity_frames = 0; },
      [](CableRecord& r) { r.capacity_frames = kHuge; },
      [](CableRecord& r) { r.capacity_frames = kMostFrames + 1; },
      [](CableRecord& r) { r.reserved_tape = kHuge; },
      [](CableRecord& r) { r.committed_tape = r.reserved_tape + 1; },
      [](CableRecord& r) { r.segment_count = 2; },
      [](CableRecord& r) { r.segment_count = UINT64_MAX; },
      [](CableRecord& r) { r.segments[0].first_tape = kHuge; },
      [](CableRecord& r) { r.segments[0].first_tape = 3000; },
      [](CableRecord& r) { r.segments[0].end_tape = 3999; },
      [](CableRecord& r) { r.segments[0].end_tape = kHuge; },
      [](CableRecord& r) { r.segments[0].origin_tape = INT64_MIN; },
      [](CableRecord& r) { r.segments[0].origin_tape = INT64_MAX; },
      [](CableRecord& r) { r.segments[0].origin_ns = -1; },
      [](CableRecord& r) { r.segments[0].origin_ns = INT64_MAX; },
      [](CableRecord& r) { r.segments[0].frames_per_1e15_ns = 0; },
      [](CableRecord& r) { r.segments[0].frames_per_1e15_ns = kHuge; },
      [](CableRecord& r) {
        r.segments[0].origin_tape = -(int64_t{1} << 59);
        r.segments[0].first_tape = uint64_t{1} << 59;
      },
  };
  for (size_t i = 0; i < all.size(); ++i) {
    CableRecord record = good_record();
    all[i](record);
    EXPECT_FALSE(decode_record<CableRecord>(sealed(record))) << i;
  }
}

CableProgress good_progress() {
  CableProgress progress;
  progress.sequence = 5;
  progress.instance = 3;
  progress.record = 8;
  progress.reserved_tape = 5000;
  progress.committed_tape = 4500;
  return progress;
}

template <typename Sealed>
std::vector<std::byte> bytes_of(Sealed record) {
  seal(record);
  std::vector<std::byte> slot(sizeof record);
  std::memcpy(slot.data(), &record, sizeof record);
  return slot;
}

TEST(CableRecord, EveryFlippedBitOfAProgressIsNoticed) {
  const auto slot = bytes_of(good_progress());
  ASSERT_TRUE(decode_record<CableProgress>(slot));
  for (size_t bit = 0; bit < slot.size() * 8; ++bit) {
    auto torn = slot;
    torn[bit / 8] ^= std::byte{1} << (bit % 8);
    ASSERT_FALSE(decode_record<CableProgress>(torn)) << bit;
  }
}

TEST(CableRecord, AProgressThatIsOutOfBoundsIsRefused) {
  using Spoil = std::function<void(CableProgress&)>;
  const std::vector<Spoil> all{
      [](CableProgress& p) { p.magic = 1; },
      [](CableProgress& p) { p.instance = 0; },
      [](CableProgress& p) { p.reserved_tape = kMostTape + 1; },
      [](CableProgress& p) { p.committed_tape = p.reserved_tape + 1; },
  };
  for (size_t i = 0; i < all.size(); ++i) {
    CableProgress progress = good_progress();
    all[i](progress);
    EXPECT_FALSE(decode_record<CableProgress>(bytes_of(progress))) << i;
  }
}

TEST(CableRecord, AProgressIsOfTheRecordThatItNames) {
  const CableRecord record = good_record();
  EXPECT_TRUE(good_progress().is_of(record));
  CableProgress other = good_progress();
  ++other.record;
  EXPECT_FALSE(other.is_of(record));
  other = good_progress();
  ++other.instance;
  EXPECT_FALSE(other.is_of(record)) << "another tape counts its records from the beginning";
}

/// A writer adds one to the count, so the count must be below a bound.
TEST(CableRecord, SegmentsAreNotCountedFurtherThanABound) {
  CableRecord record = good_record();
  record.segments.fill(record.segments[0]);
  for (CableSegment& segment : record.segments) segment.end_tape = 4500;
  for (const uint64_t count : {uint64_t{CableRecord::kSegments}, kMostSegments}) {
    record.segment_count = count;
    EXPECT_TRUE(decode_record<CableRecord>(sealed(record))) << count;
  }
  for (const uint64_t count : {kMostSegments + 1, uint64_t{1} << 63, UINT64_MAX - 1, UINT64_MAX}) {
    record.segment_count = count;
    EXPECT_FALSE(decode_record<CableRecord>(sealed(record))) << count;
  }
}

TEST(CableRecord, AnOpenEndIsTheNewestSegmentsAlone) {
  CableRecord record = good_record();
  record.segment_count = 2;
  record.segments[1] = record.segments[0];
  record.segments[1].first_tape = 4200;
  record.segments[0].end_tape = 4200;
  EXPECT_TRUE(decode_record<CableRecord>(sealed(record)));
  record.segments[0].end_tape = kOpenEnd;
  EXPECT_FALSE(decode_record<CableRecord>(sealed(record)));
  record.segments[1].end_tape = 4500;
  EXPECT_FALSE(decode_record<CableRecord>(sealed(record))) << "nor where all behind it have one";
}

TEST(CableRecord, AFormatBeyondWhatThereCanBeIsNone) {
  const auto known = [](uint32_t channels, uint32_t rate_hz) {
    return unpack_format(pack_format({.channels = channels, .rate_hz = rate_hz})).has_value();
  };
  EXPECT_TRUE(known(256, 48000));
  EXPECT_FALSE(known(257, 48000));
  EXPECT_TRUE(known(2, (1U << 24) - 1));
  EXPECT_FALSE(known(2, 1U << 24));
}

TEST(CableRecord, ATapeHoldsTwoSecondsBesideTheLargestBurst) {
  constexpr uint64_t kMiB = uint64_t{1} << 20;
  for (const uint32_t rate_hz : {8000U, 48000U, 192000U}) {
    for (const uint32_t channels : {1U, 2U, 8U}) {
      const PcmFormat format{SampleFormat::s32_le, channels, rate_hz};
      const uint64_t frame = format.frame_bytes();
      for (const uint64_t burst_frames : {uint64_t{64}, 4 * kMiB / frame}) {
        const uint64_t ahead = std::max(burst_frames, kMiB / frame);
        EXPECT_GE(cable_capacity(format, burst_frames), 2 * rate_hz + ahead) << rate_hz;
        EXPECT_GE(cable_capacity(format, burst_frames), kMiB / frame + ahead) << rate_hz;
      }
    }
  }
}

TEST(CableRecord, TheTapeOfTheLargestBufferIsBelieved) {
  CableRecord record = good_record();
  record.capacity_frames = kMostFrames;
  EXPECT_TRUE(decode_record<CableRecord>(sealed(record)));
}

/// Tries values at and around each limit, in each field. No computation with an accepted record may
/// overflow. The undefined behaviour sanitizer would report it.
TEST(CableRecord, WhatIsBelievedCanBeComputedWith) {
  std::mt19937_64 random(1);
  size_t believed = 0;
  for (int i = 0; i < 200'000; ++i) {
    CableRecord record = good_record();
    auto* words = reinterpret_cast<uint64_t*>(&record);
    const auto value = [&] { return (uint64_t{1} << random() % 64) + random() % 3 - 1; };
    for (uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
      words[1 + random() % 13] = value();
    }
    const auto decoded = decode_record<CableRecord>(sealed(record));
    if (!decoded) continue;
    ++believed;
    for (uint64_t n = decoded->oldest(); n < decoded->segment_count; ++n) {
      const CableSegment& segment = decoded->segment(n);
      EXPECT_GE(segment.begin_ns(), 0);
      EXPECT_LE(segment.begin_ns(), INT64_MAX / 2);
      EXPECT_LE(segment.tape_at(INT64_MAX / 4), uint64_t{1} << 62);
      EXPECT_LE(decoded->limit(n), uint64_t{1} << 60);
    }
  }
  EXPECT_GT(believed, 1000U);
}

TEST(CableRecord, FormatsAreNumbersAndBack) {
  for (int sample = 0; sample < kSampleFormatCount; ++sample) {
    for (const uint32_t channels : {1U, 2U, 32U}) {
      for (const uint32_t rate_hz : {4000U, 44100U, 768000U}) {
        const PcmFormat format{
            .sample = static_cast<SampleFormat>(sample), .channels = channels, .rate_hz = rate_hz};
        EXPECT_LT(pack_format(format), kFormatNumbers);
        EXPECT_EQ(unpack_format(pack_format(format)), format);
      }
    }
  }
}

}  // namespace
}  // namespace dmasim
