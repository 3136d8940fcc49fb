// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which formats and rates a file type holds. No file is made for the answer.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "engine/device/sink.h"
#include "engine/recording/file_sink.h"
#include "tests/unit/pcm/sample_formats.h"

namespace dmasim {
namespace {

constexpr const char* kEndings[] = {".wav", ".w64", ".flac", ".raw"};

class SinkHolds : public ::testing::TestWithParam<const char*> {
 protected:
  const TemporaryDirectory directory_;
  const std::string path_ = directory_ / (std::string("out") + GetParam());
};

TEST_P(SinkHolds, WhatItCanBeConfiguredFor) {
  for (const SampleFormat sample : kAllFormats) {
    for (const uint32_t channels : {1U, 8U, 9U}) {
      for (const uint32_t rate_hz : {48000U, 65535U, 65536U, 65540U, 655350U, 655360U}) {
        const PcmFormat format{sample, channels, rate_hz};
        const auto sink = make_file_sink(path_.c_str(), {.queue_ns = 0});
        ASSERT_TRUE(sink);
        const bool holds = (*sink)->holds(format);
        EXPECT_EQ((*sink)->configure(format, 1).error(), holds ? 0 : EINVAL)
            << name_of(sample) << ' ' << channels << " channels, " << rate_hz << " Hz";
      }
    }
  }
}

TEST_P(SinkHolds, DsdInARawFileAlone) {
  const auto sink = make_file_sink(path_.c_str(), {});
  ASSERT_TRUE(sink);
  const bool raw = std::string(GetParam()) == ".raw";
  for (const SampleFormat sample : kDsdFormats) {
    EXPECT_EQ((*sink)->holds({sample, 1, 44100}), raw) << name_of(sample);
    EXPECT_EQ((*sink)->look({sample, 1, 44100}).error(), raw ? 0 : EINVAL) << name_of(sample);
  }
}

TEST_P(SinkHolds, NothingWithoutAChannelOrARate) {
  const auto sink = make_file_sink(path_.c_str(), {});
  ASSERT_TRUE(sink);
  EXPECT_FALSE((*sink)->holds({SampleFormat::s16_le, 0, 48000}));
  EXPECT_FALSE((*sink)->holds({SampleFormat::s16_le, 2, 0}));
}

/// Asks for all rates at once, and for each single rate. Both answers must agree.
TEST_P(SinkHolds, ARangeOfRatesIfItHoldsEachOfThem) {
  const auto sink = make_file_sink(path_.c_str(), {});
  ASSERT_TRUE(sink);
  for (const SampleFormat sample : {SampleFormat::s16_le, SampleFormat::float_le}) {
    for (uint32_t from_hz = 65530; from_hz <= 65550; ++from_hz) {
      PcmFormat format{sample, 2, from_hz};
      bool each = true;
      for (uint32_t to_hz = from_hz; to_hz <= 65550; ++to_hz) {
        format.rate_hz = to_hz;
        each = each && (*sink)->holds(format);
        format.rate_hz = from_hz;
        EXPECT_EQ((*sink)->holds_rates(format, to_hz), each) << from_hz << " to " << to_hz;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(FileSink, SinkHolds, ::testing::ValuesIn(kEndings),
                         [](const auto& tested) { return std::string(tested.param + 1); });

}  // namespace
}  // namespace dmasim
