// SPDX-License-Identifier: LGPL-2.1-or-later
/// Whatever is done to a channel, in whatever order, it does what the reference does: every byte
/// once and in order, every callback once and none of terminated work, cookies, residue and times
/// to the nanosecond.
///
/// RC_PARAMS="seed=... max_success=... max_size=..." repeats, or goes further.
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
