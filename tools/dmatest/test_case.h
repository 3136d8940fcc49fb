// SPDX-License-Identifier: LGPL-2.1-or-later
/// One test: memory is made, transferred, verified and freed.
#pragma once

#include "tools/dmatest/dice.h"
#include "tools/dmatest/dmatest.h"
#include "tools/dmatest/pattern.h"
#include "tools/dmatest/transfer_run.h"

namespace dmasim::dmatest {

/// What all tests of a thread use.
struct TestContext {
  const Options& options;
  const Rig& rig;
  Report& report;
  TestChannel& channel;
  Dice& dice;
};

[[nodiscard]] Verdict test_memcpy(const TestContext& context);
/// Scatter lists and cyclic transfers, to the device or from it.
[[nodiscard]] Verdict test_slave(const TestContext& context);

/// Draws a plan for a transfer that takes `duration_ns`.
[[nodiscard]] Plan draw_plan(const TestContext& context, int64_t duration_ns);
/// The verdict on a transfer that has moved `moved` of `wanted` bytes, with `wrong` bytes among
/// them.
[[nodiscard]] Verdict judge(const End& end, uint64_t moved, uint64_t wanted,
                            const Mismatches& wrong);

}  // namespace dmasim::dmatest
