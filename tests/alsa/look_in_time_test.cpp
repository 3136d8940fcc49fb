// SPDX-License-Identifier: LGPL-2.1-or-later
/// Tests of look_in_time.h: no real-time test may pass without a look in time.
#include "tests/alsa/look_in_time.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace dmasim::test {
namespace {

TEST(LookInTime, IsTakenAgainUntilItCame) {
  int looks = 0;
  look_in_time([&] { return ++looks < 3 ? Look::too_late : Look::in_time; });
  EXPECT_EQ(looks, 3);
}

TEST(LookInTime, FailsIfItIsLateEachTime) {
  int looks = 0;
  EXPECT_NONFATAL_FAILURE(look_in_time([&] {
                            ++looks;
                            return Look::too_late;
                          }),
                          "too late each time: 5 looks");
  EXPECT_EQ(looks, kMostLooks);
}

constexpr const char* kInChild = "DMASIM_TEST_LOOK_IN_CHILD";

/// Runs this same test in a process of its own, where it expects a look. Answers what it prints.
std::string run_in_child(const char* kind) {
  const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
  const std::string command = std::string("env -u GTEST_TOTAL_SHARDS -u GTEST_SHARD_INDEX ") +
                              kInChild + "=" + kind + " " +
                              std::filesystem::read_symlink("/proc/self/exe").string() +
                              " --gtest_filter=" + test.test_suite_name() + "." + test.name();
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "no process";
  std::string output;
  std::array<char, 4096> piece{};
  while (const size_t got = std::fread(piece.data(), 1, piece.size(), pipe)) {
    output.append(piece.data(), got);
  }
  const int status = pclose(pipe);
  return output + (status == 0 ? "status 0" : "failed");
}

TEST(LookInTime, FailsATestThatExpectsOneAndTakesNone) {
  if (const char* kind = std::getenv(kInChild); kind != nullptr) {
    expect_a_look();
    if (std::string(kind) == "looks") look_in_time([] { return Look::in_time; });
    return;
  }
  const std::string without = run_in_child("idles");
  EXPECT_NE(without.find("this test never looked at its stream"), std::string::npos) << without;
  EXPECT_TRUE(without.ends_with("failed")) << without;
  const std::string with = run_in_child("looks");
  EXPECT_TRUE(with.ends_with("status 0")) << with;
}

/// A later look must not hide a failed expectation.
TEST(LookInTime, IsNotTakenAgainAfterAFailedExpectation) {
  if (std::getenv(kInChild) != nullptr) {
    look_in_time([] {
      std::puts("looks");
      ADD_FAILURE() << "wrong";
      return Look::too_late;
    });
    return;
  }
  const std::string output = run_in_child("fails");
  EXPECT_EQ(output.find("looks\n"), output.rfind("looks\n")) << output;
  EXPECT_NE(output.find("looks\n"), std::string::npos) << output;
  EXPECT_EQ(output.find("too late each time"), std::string::npos) << output;
  EXPECT_TRUE(output.ends_with("failed")) << output;
}

}  // namespace
}  // namespace dmasim::test
