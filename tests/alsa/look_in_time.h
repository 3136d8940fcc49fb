// SPDX-License-Identifier: LGPL-2.1-or-later
/// For real-time tests, which look at a stream while it runs. On a busy machine a look may come too
/// late to show anything. Then the test looks again. A test whose looks all came too late fails.
#pragma once

#include <functional>

namespace dmasim::test {

enum class Look { in_time, too_late };

inline constexpr int kMostLooks = 5;

/// Calls `look` until one look came in time, at most kMostLooks times. Prints each late one. A
/// failed expectation if all were late. After a failed expectation in `look` it does not try again.
void look_in_time(const std::function<Look()>& look);

/// Call it in a test that needs such looks, or in its fixture's constructor. The test then fails if
/// it ends without a look that came in time.
void expect_a_look();

}  // namespace dmasim::test
