// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gtest/gtest.h>

#include "tests/unit/refused_call.h"

namespace dmasim {

/// The error of `call` while the system call `refused` fails. Expects that `call` makes that system
/// call.
template <typename Call>
int error_while(const char* refused, int error, Call call, int which = 1) {
  int answer = 0;
  bool happened = false;
  {
    const RefusedCall nth(refused, error, which);
    answer = call().error();
    happened = nth.happened();
  }
  EXPECT_TRUE(happened) << refused << " was not called";
  return answer;
}

}  // namespace dmasim
