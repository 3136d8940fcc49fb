// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a call answers while one call of the system fails.
#pragma once

#include <gtest/gtest.h>

#include "tests/unit/refused_call.h"

namespace dmasim {

/// What `call` answers while the system refuses what `refused` names; and that it was asked for.
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
