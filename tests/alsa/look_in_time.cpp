// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/look_in_time.h"

#include <gtest/gtest.h>

#include <iostream>

namespace dmasim::test {
namespace {

/// The state of the test that runs now.
struct {
  bool expected = false;
  int in_time = 0;
} g_looks;

class FailWithoutALook : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override { g_looks = {}; }
  void OnTestEnd(const ::testing::TestInfo& test) override {
    if (g_looks.expected && g_looks.in_time == 0 && test.result()->Passed()) {
      ADD_FAILURE() << "this test never looked at its stream";
    }
  }
};
[[maybe_unused]] const bool listening = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new FailWithoutALook);
  return true;
}();

}  // namespace

void look_in_time(const std::function<Look()>& look) {
  for (int i = 1; i <= kMostLooks; ++i) {
    const bool late = look() == Look::too_late;
    if (!late) ++g_looks.in_time;
    if (!late || ::testing::Test::HasFailure()) return;
    std::cout << "  look " << i << " of " << kMostLooks << " came too late on this machine\n";
  }
  ADD_FAILURE() << "too late each time: " << kMostLooks << " looks";
}

void expect_a_look() { g_looks.expected = true; }

}  // namespace dmasim::test
