// SPDX-License-Identifier: LGPL-2.1-or-later
/// Explores a program of clients and streams for one, two and three periods, and in both completion
/// topologies where these differ. Another actor advances the hardware, as a thread does that asks
/// for the position.
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

  static std::shared_ptr<DmaDevice> engine(const ChannelOptions& channel = {}) {
    return make_engine(GetParam().completion, channel);
  }

  /// Explores `clients` on one running stream, and then the release of its channel.
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

  /// With more than `unbounded_periods`, a search would take more than a minute. So it has a
  /// preemption bound. If the environment has DMASIM_SIM_SECONDS, as in tools/nightly, it has no
  /// bound but ends after that time.
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

/// For a program of one channel: one, two and three periods. The shared topology would repeat the
/// same searches step by step, because a single channel has the thread for itself. The test
/// Topologies.OneChannelIsTheSameSearchInBoth shows it.
inline auto cases_of_one_channel() {
  return ::testing::Values(Case{1, CompletionTopology::per_channel},
                           Case{2, CompletionTopology::per_channel},
                           Case{3, CompletionTopology::per_channel});
}

/// For a program of two channels. The two topologies are different programs here.
inline auto cases_of_two_channels() {
  return ::testing::Values(
      Case{1, CompletionTopology::per_channel}, Case{2, CompletionTopology::per_channel},
      Case{3, CompletionTopology::per_channel}, Case{1, CompletionTopology::shared});
}

}  // namespace dmasim::sim
