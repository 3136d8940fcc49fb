// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/profile.h"

#include <gtest/gtest.h>

namespace dmasim {
namespace {

TEST(ProfileTest, HasTheSubdevicesOfTheCardThatItIsLike) {
  EXPECT_EQ(find_profile("dmasim")->subdevices, 32U);
  EXPECT_EQ(find_profile("aloop")->subdevices, 8U);
  EXPECT_EQ(find_profile("dummy")->subdevices, 8U);
  EXPECT_EQ(find_profile("sblive"), nullptr);
}

/// snd-aloop and snd-dummy have SNDRV_PCM_RATE_CONTINUOUS.
TEST(ProfileTest, OffersEachRateOfTheKernelsCards) {
  EXPECT_TRUE(find_profile("dmasim")->only_usual_rates);
  EXPECT_FALSE(find_profile("aloop")->only_usual_rates);
  EXPECT_FALSE(find_profile("dummy")->only_usual_rates);
}

}  // namespace
}  // namespace dmasim
