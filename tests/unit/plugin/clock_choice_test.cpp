// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/clock_choice.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace dmasim {
namespace {

TEST(ClockChoiceText, NamesRealTimeOrFreerun) {
  ClockChoice clock{.speed_millionths = 5};
  ASSERT_TRUE(parse_clock("realtime", clock));
  EXPECT_TRUE(clock.realtime());
  ASSERT_TRUE(parse_clock("freerun", clock));
  EXPECT_TRUE(clock.freerun);
  EXPECT_FALSE(clock.realtime());
  ASSERT_TRUE(parse_clock("x1", clock));
  EXPECT_TRUE(clock.realtime());
}

TEST(ClockChoiceText, HasASpeedOfUpToSixDecimals) {
  struct Case {
    const char* text;
    uint32_t millionths;
  };
  for (const Case& each :
       std::array{Case{"x4", 4'000'000}, Case{"x0.25", 250'000}, Case{"x0.01", 10'000},
                  Case{"x100", 100'000'000}, Case{"x100.000000", 100'000'000},
                  Case{"x1.000001", 1'000'001}, Case{"x01", 1'000'000}}) {
    ClockChoice clock{.freerun = true};
    ASSERT_TRUE(parse_clock(each.text, clock)) << each.text;
    EXPECT_EQ(clock.speed_millionths, each.millionths) << each.text;
    EXPECT_FALSE(clock.freerun);
  }
}

TEST(ClockChoiceText, IsNothingElse) {
  for (const char* text :
       {"", "x", "4", "x0", "x0.009999", "x100.000001", "x101", "x1.", "x.5", "x1.0000001", "x-1",
        "x1e1", "x4 ", " x4", "X4", "x1.2.3", "Freerun", "x99999999999999999999", "x0x4"}) {
    ClockChoice clock{.speed_millionths = 7};
    EXPECT_FALSE(parse_clock(text, clock)) << '"' << text << '"';
    EXPECT_EQ(clock.speed_millionths, 7U) << text;
  }
}

TEST(ClockChoicePpm, IsThatOfTheCrystalTimesTheSpeed) {
  EXPECT_EQ(ClockChoice{}.ppm(0), 0);
  EXPECT_EQ(ClockChoice{}.ppm(-100'000), -100'000);
  EXPECT_EQ(ClockChoice{.speed_millionths = 4'000'000}.ppm(0), 3'000'000);
  EXPECT_EQ(ClockChoice{.speed_millionths = 4'000'000}.ppm(100), 3'000'400);
  EXPECT_EQ(ClockChoice{.speed_millionths = 10'000}.ppm(0), -990'000);
  EXPECT_EQ(ClockChoice{.speed_millionths = 100'000'000}.ppm(100'000), 109'000'000);
}

}  // namespace
}  // namespace dmasim
