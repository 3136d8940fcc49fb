// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/irq_stats.h"

#include <gtest/gtest.h>

namespace dmasim {
namespace {

TEST(LatenessHistogram, AnswersZeroWhenEmpty) {
  const LatenessHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.quantile_ns(0.5), 0);
}

TEST(LatenessHistogram, AQuantileIsRightWithinAStep) {
  LatenessHistogram histogram;
  for (int64_t ns = 1; ns <= 100000; ++ns) histogram.add(ns);
  for (const double q : {0.01, 0.25, 0.5, 0.9, 0.99}) {
    const double exact = q * 100000;
    EXPECT_GE(static_cast<double>(histogram.quantile_ns(q)), exact * 0.99) << q;
    EXPECT_LE(static_cast<double>(histogram.quantile_ns(q)), exact * 1.26) << q;
  }
  EXPECT_EQ(histogram.quantile_ns(1), 100000);
  EXPECT_EQ(histogram.max_ns(), 100000);
}

TEST(LatenessHistogram, TakesEveryValue) {
  LatenessHistogram histogram;
  histogram.add(-5);
  histogram.add(0);
  histogram.add(INT64_MAX);
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_EQ(histogram.quantile_ns(0), 0);
  EXPECT_EQ(histogram.quantile_ns(1), INT64_MAX);
}

TEST(LatenessHistogram, MergesByBucket) {
  LatenessHistogram a;
  LatenessHistogram b;
  a.add(10);
  b.add(1000);
  a.merge(b);
  EXPECT_EQ(a.count(), 2u);
  EXPECT_EQ(a.max_ns(), 1000);
  EXPECT_LT(a.quantile_ns(0), 13);
}

}  // namespace
}  // namespace dmasim
