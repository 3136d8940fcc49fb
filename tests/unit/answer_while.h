// SPDX-License-Identifier: LGPL-2.1-or-later
/// The answer of a call while one system call fails.
#pragma once

#include <gtest/gtest.h>

#include "tests/unit/refused_call.h"

namespace dmasim {

/// The answer of `call` while the system call `refused` fails. Expects that `call` makes that
/// system call.
template <typename Call>
int answer_while(const char* refused, int error, Call call, int which = 1) {
  int answer = 0;
  bool happened = false;
  {
    const RefusedCall nth(refused, error, which);
    answer = call();
    happened = nth.happened();
  }
  EXPECT_TRUE(happened) << refused << " was not called";
  return answer;
}

}  // namespace dmasim
