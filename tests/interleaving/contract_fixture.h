// SPDX-License-Identifier: LGPL-2.1-or-later
/// How a program of clients and streams is explored: one to three periods, and both topologies
/// where these differ. Beside the clients an actor advances the hardware, as a pointer query of any
/// thread does.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/interleaving/engine_rig.h"

namespace dmasim::sim {

inline constexpr int kPreemptionBound = 2;

struct Case {
  int periods;
  CompletionTopology completion;
};

inline std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  const bool shared = info.param.completion == CompletionTopology::shared;
  return std::to_string(info.param.periods) + (shared ? "PeriodsShared" : "Periods");
}

class Contract : public ::testing::TestWithParam<Case> {
 protected:
  using Clients = std::function<void(Program&, Stream&)>;

  static std::shared_ptr<Engine> engine(const ChannelOptions& channel = {}) {
    return make_engine(GetParam().completion, channel);
  }

  /// Explores `clients` on one stream that runs already, and then its release.
  void explore_all(const Clients& clients, Stream::Action in_callback = {},
                   int unbounded_periods = 3) {
    check_all(
        [&](Program& program) {
          Stream stream(engine(), "stream");
          stream.issue(in_callback);
          add_hardware(program, stream);
          clients(program, stream);
          program.run();
          outcome("calls " + std::to_string(stream.calls()));
          check(stream.release().ok(), "release failed");
        },
        unbounded_periods);
  }

  /// Where the search would take more than a minute with more periods, these are searched within a
  /// preemption bound. With DMASIM_SIM_SECONDS in the environment, as by night, they are searched
  /// without a bound for so long.
  void check_all(const Body& body, int unbounded_periods = 3) {
    Options options;
    options.horizon_ns = GetParam().periods * kPeriodNs;
    const bool large = GetParam().periods > unbounded_periods;
    std::string bound = "unbounded";
    if (large) options.max_seconds = seconds_by_night();
    if (large && options.max_seconds == 0) {
      options.preemption_bound = kPreemptionBound;
      options.reduce = false;
      bound = "at most " + std::to_string(kPreemptionBound) + " preemptions";
    }
    const Outcome found = explore(options, body);
    const bool out_of_time = options.max_seconds != 0 && !found.complete && found.violation.empty();
    EXPECT_TRUE(found.ok() || out_of_time) << found.report();
    std::cout << "  " << GetParam().periods << " periods: " << found.schedules << " schedules ("
              << found.redundant << " redundant) in " << found.seconds << " s, " << bound
              << (out_of_time ? ", not all of them: out of time" : "") << '\n';
    RecordProperty("schedules", std::to_string(found.schedules));
  }

  static int seconds_by_night() {
    const char* seconds = std::getenv("DMASIM_SIM_SECONDS");
    return seconds != nullptr ? std::atoi(seconds) : 0;
  }

  static void add_hardware(Program& program, Stream& stream) {
    program.actor("hardware", [&stream, end = GetParam().periods * kPeriodNs] {
      advance_to(end);
      stream.channel().advance();
    });
  }
};

/// A program of one channel with one, two and three periods. The shared topology is left out: its
/// only channel has the thread for itself, so each search is the same step by step
/// (Topologies.OneChannelIsTheSameSearchInBoth).
inline auto cases_of_one_channel() {
  return ::testing::Values(Case{1, CompletionTopology::per_channel},
                           Case{2, CompletionTopology::per_channel},
                           Case{3, CompletionTopology::per_channel});
}

/// A program of two channels, which the topology makes another program.
inline auto cases_of_two_channels() {
  return ::testing::Values(
      Case{1, CompletionTopology::per_channel}, Case{2, CompletionTopology::per_channel},
      Case{3, CompletionTopology::per_channel}, Case{1, CompletionTopology::shared});
}

}  // namespace dmasim::sim
