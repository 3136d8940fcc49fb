// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "tests/unit/answer_while.h"

namespace dmasim {

/// answer_while() for a `call` that answers a Result: its error, or 0.
template <typename Call>
int error_while(const char* refused, int error, Call call, int which = 1) {
  return answer_while(
      refused, error, [&] { return call().error(); }, which);
}

}  // namespace dmasim
