// SPDX-License-Identifier: LGPL-2.1-or-later
/// Every sample format, from and to every kind of number.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/pcm/sample_formats.h"

namespace dmasim {
namespace {

/// The multiples of 1/8 from -1 on. Every format and every kind of number holds them exactly.
template <typename Number>
std::vector<Number> eighths() {
  std::vector<Number> numbers;
  for (int i = -8; i < 8; ++i) {
    if constexpr (std::is_same_v<Number, int32_t>) {
      numbers.push_back(i * (1 << 28));
    } else {
      numbers.push_back(static_cast<Number>(i) / 8);
    }
  }
  return numbers;
}

class SampleNumbers : public ::testing::TestWithParam<SampleFormat> {};

TEST_P(SampleNumbers, AreTheSameOfEachKind) {
  const auto bytes = encoded(GetParam(), eighths<int32_t>());
  EXPECT_EQ(encoded(GetParam(), eighths<float>()), bytes);
  EXPECT_EQ(encoded(GetParam(), eighths<double>()), bytes);
  EXPECT_EQ(decoded<int32_t>(GetParam(), bytes), eighths<int32_t>());
  EXPECT_EQ(decoded<float>(GetParam(), bytes), eighths<float>());
  EXPECT_EQ(decoded<double>(GetParam(), bytes), eighths<double>());
}

TEST_P(SampleNumbers, OfNoneAreNone) {
  EXPECT_TRUE(encoded(GetParam(), std::vector<int32_t>{}).empty());
  EXPECT_TRUE(encoded(GetParam(), std::vector<float>{}).empty());
  EXPECT_TRUE(encoded(GetParam(), std::vector<double>{}).empty());
  EXPECT_TRUE(decoded<float>(GetParam(), {}).empty());
}

INSTANTIATE_TEST_SUITE_P(Formats, SampleNumbers, ::testing::ValuesIn(kPcmFormats),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

}  // namespace
}  // namespace dmasim
