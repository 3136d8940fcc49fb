// SPDX-License-Identifier: LGPL-2.1-or-later
/// The operations on a channel. Each one is possible in every state. So when RapidCheck shrinks a
/// failing sequence, it can leave out any part of it.
#pragma once

#include <rapidcheck.h>

#include <ostream>

#include "engine/dma/slave.h"

namespace dmasim::properties {

struct Operation {
  enum class Kind : uint8_t {
    prep,
    prep_submit,
    prep_submit_issue,
    submit,
    desc_free,
    issue_pending,
    wait,
    advance,
    pause,
    resume,
    set_commit_limit,
    serve,
    terminate,
    synchronize,
    configure,
    arm_alarm,
    abort,
  };
  Kind kind = Kind::wait;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
};

/// A controller and its device.
struct Setup {
  Direction direction = Direction::mem_to_dev;  ///< mem_to_mem: the channel is never configured
  unsigned burst = 1;
  unsigned rate = 1000;
  int ppm = 0;
  unsigned delay_frames = 0;
  ResidueGranularity granularity = ResidueGranularity::burst;
  bool slow_to_stop = false;
};

void showValue(const Operation& operation, std::ostream& os);
void showValue(const Setup& setup, std::ostream& os);

}  // namespace dmasim::properties

namespace rc {

template <>
struct Arbitrary<dmasim::properties::Operation> {
  static Gen<dmasim::properties::Operation> arbitrary();
};

template <>
struct Arbitrary<dmasim::properties::Setup> {
  static Gen<dmasim::properties::Setup> arbitrary();
};

}  // namespace rc
