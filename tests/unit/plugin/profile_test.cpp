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

}  // namespace
}  // namespace dmasim
