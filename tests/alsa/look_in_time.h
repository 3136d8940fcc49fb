// SPDX-License-Identifier: LGPL-2.1-or-later
/// Real-time tests look at a stream while it runs. On a busy machine a look may come too late to
/// show anything: it is then taken again, and a test that never came in time fails.
#pragma once

#include <functional>

namespace dmasim::test {

enum class Look { in_time, too_late };

inline constexpr int kMostLooks = 5;

/// Calls `look` until it came in time, up to kMostLooks times. It prints each late one. A
/// failed expectation if all were late. After a failed expectation of `look` there is no other try.
void look_in_time(const std::function<Look()>& look);

/// For tests that are about such looks, and for the constructors of their fixtures: the test fails
/// if it ends without a look that came in time.
void expect_a_look();

}  // namespace dmasim::test
