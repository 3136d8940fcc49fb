// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace dmasim {
namespace {

TEST(Nearest, CountsTheLettersThatDiffer) {
  EXPECT_EQ(letters_apart("", ""), 0U);
  EXPECT_EQ(letters_apart("rate", "RATE"), 0U);
  EXPECT_EQ(letters_apart("rat", "rate"), 1U);
  EXPECT_EQ(letters_apart("ratee", "rate"), 1U);
  EXPECT_EQ(letters_apart("rote", "rate"), 1U);
  EXPECT_EQ(letters_apart("", "rate"), 4U);
  EXPECT_EQ(letters_apart("kitten", "sitting"), 3U);
}

TEST(Nearest, IsTheWordThatWasMeant) {
  constexpr std::array<std::string_view, 5> kWords{"rate", "file", "fifo", "format", "dev"};
  EXPECT_EQ(nearest("rat", kWords), "rate");
  EXPECT_EQ(nearest("FORMATS", kWords), "format");
  EXPECT_EQ(nearest("fiel", kWords), "file");
  EXPECT_EQ(nearest("device", kWords), "") << "three letters";
  EXPECT_EQ(nearest("x", kWords), "") << "not a word of which nothing is left";
}

}  // namespace
}  // namespace dmasim
