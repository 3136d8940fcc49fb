// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/properties/operations.h"

#include <array>

namespace dmasim::properties {
namespace {

constexpr std::array kNames{"prep",
                            "prep_submit",
                            "prep_submit_issue",
                            "submit",
                            "desc_free",
                            "issue_pending",
                            "wait",
                            "advance",
                            "pause",
                            "resume",
                            "set_commit_limit",
                            "serve",
                            "terminate",
                            "synchronize",
                            "configure",
                            "arm_alarm",
                            "abort"};
constexpr std::array kDirections{"mem_to_dev", "dev_to_mem", "mem_to_mem"};
constexpr std::array kGranularities{"descriptor", "segment", "burst"};

}  // namespace

void showValue(const Operation& operation, std::ostream& os) {
  os << kNames.at(static_cast<size_t>(operation.kind)) << '(' << operation.a << ", " << operation.b
     << ", " << operation.c << ')';
}

void showValue(const Setup& setup, std::ostream& os) {
  os << kDirections.at(static_cast<size_t>(setup.direction)) << ", burst " << setup.burst
     << ", rate " << setup.rate << ", ppm " << setup.ppm << ", delay " << setup.delay_frames
     << ", residue by " << kGranularities.at(static_cast<size_t>(setup.granularity))
     << (setup.slow_to_stop ? ", slow to stop" : "");
}

}  // namespace dmasim::properties

namespace rc {

using dmasim::Direction;
using dmasim::ResidueGranularity;
using dmasim::properties::Operation;
using dmasim::properties::Setup;

Gen<Operation> Arbitrary<Operation>::arbitrary() {
  using Kind = Operation::Kind;
  return gen::build<Operation>(
      gen::set(&Operation::kind, gen::weightedElement<Kind>({{2, Kind::prep},
                                                             {5, Kind::prep_submit},
                                                             {6, Kind::prep_submit_issue},
                                                             {4, Kind::submit},
                                                             {1, Kind::desc_free},
                                                             {6, Kind::issue_pending},
                                                             {8, Kind::wait},
                                                             {20, Kind::advance},
                                                             {3, Kind::pause},
                                                             {4, Kind::resume},
                                                             {5, Kind::set_commit_limit},
                                                             {20, Kind::serve},
                                                             {3, Kind::terminate},
                                                             {3, Kind::synchronize},
                                                             {1, Kind::configure},
                                                             {3, Kind::arm_alarm},
                                                             {1, Kind::abort}})),
      gen::set(&Operation::a, gen::inRange(0U, 64U)),
      gen::set(&Operation::b, gen::inRange(0U, 64U)),
      gen::set(&Operation::c, gen::inRange(0U, 64U)));
}

Gen<Setup> Arbitrary<Setup>::arbitrary() {
  return gen::build<Setup>(
      gen::set(&Setup::direction,
               gen::element(Direction::mem_to_dev, Direction::dev_to_mem, Direction::mem_to_mem)),
      gen::set(&Setup::burst, gen::element(1U, 2U, 4U, 6U)),
      gen::set(&Setup::rate, gen::element(1000U, 44100U, 48000U, 7U)),
      gen::set(&Setup::ppm, gen::element(0, -300, 500)),
      gen::set(&Setup::delay_frames, gen::element(0U, 3U)),
      gen::set(&Setup::granularity,
               gen::element(ResidueGranularity::burst, ResidueGranularity::segment,
                            ResidueGranularity::descriptor)),
      gen::set(&Setup::slow_to_stop, gen::element(false, true)));
}

}  // namespace rc
