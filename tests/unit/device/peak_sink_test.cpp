// SPDX-License-Identifier: LGPL-2.1-or-later
/// The sink of docs/new-sink.md works as the page says.
#include "tests/unit/device/peak_sink.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

namespace dmasim {
namespace {

constexpr PcmFormat kStereo{.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 48000};

TEST(PeakSink, ReportsTheLoudestCommittedSampleAtAFlush) {
  std::vector<int> reports;
  const auto sink = make_peak_sink([&](int peak) { reports.push_back(peak); });
  ASSERT_TRUE(sink->configure(kStereo, 16));
  const std::vector<int16_t> quiet{100, -7, 3, 4};
  const std::vector<int16_t> loud{1, -32768};
  sink->write(std::as_bytes(std::span(quiet)), true);
  sink->write(std::as_bytes(std::span(loud)), false);
  EXPECT_TRUE(sink->flush());
  sink->write(std::as_bytes(std::span(loud)), true);
  EXPECT_TRUE(sink->flush());
  EXPECT_EQ(reports, (std::vector{100, 32768}));
  EXPECT_EQ(sink->stats().written_frames, 3U);
}

TEST(PeakSink, HoldsOneSampleFormat) {
  const auto sink = make_peak_sink([](int) {});
  EXPECT_TRUE(sink->holds(kStereo));
  const PcmFormat other{.sample = SampleFormat::float_le, .channels = 2, .rate_hz = 48000};
  EXPECT_FALSE(sink->holds(other));
  EXPECT_EQ(sink->configure(other, 16).error(), EINVAL);
}

}  // namespace
}  // namespace dmasim
