// SPDX-License-Identifier: LGPL-2.1-or-later
/// After any sequence of operations, a channel does the same as the reference. It moves every byte
/// once and in order. It calls back once for each callback that is due, and never for a terminated
/// transfer. Its cookies, residues and times are the same, to the nanosecond.
///
/// RC_PARAMS="seed=..." repeats a run; "max_success=... max_size=..." makes it longer.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "tests/properties/channel_world.h"

namespace dmasim::properties {
namespace {

RC_GTEST_PROP(ChannelProperties, AnySequenceOfCallsEndsAsTheReferenceDoes,
              (const Setup& setup, const std::vector<Operation>& operations)) {
  ChannelWorld world(setup);
  for (const Operation& each : operations) world.apply(each);
  world.wind_up();
}

}  // namespace
}  // namespace dmasim::properties
