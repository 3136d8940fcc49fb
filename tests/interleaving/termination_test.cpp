// SPDX-License-Identifier: LGPL-2.1-or-later
/// The contract of termination under every schedule: the production channel and completion thread,
/// small clients, one to three periods, both topologies. Beside the clients an actor advances the
/// hardware, as a pointer query of any thread does.
#include <gtest/gtest.h>

#include <cerrno>
#include <iostream>

#include "tests/interleaving/engine_rig.h"

namespace dmasim::sim {
namespace {

constexpr int kPreemptionBound = 2;

struct Case {
  int periods;
  CompletionTopology completion;
};

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  const bool shared = info.param.completion == CompletionTopology::shared;
  return std::to_string(info.param.periods) + (shared ? "PeriodsShared" : "Periods");
}

class Termination : public ::testing::TestWithParam<Case> {
 protected:
  using Clients = std::function<void(Program&, Stream&)>;

  /// Explores `clients` on one stream that runs already, and then its release.
  void explore_all(const Clients& clients, Stream::Action in_callback = {},
                   int unbounded_periods = 3) {
    check_all(
        [&](Program& program) {
          Stream stream(make_engine(GetParam().completion), "stream");
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
  /// preemption bound.
  void check_all(const Body& body, int unbounded_periods = 3) {
    Options options;
    options.horizon_ns = GetParam().periods * kPeriodNs;
    const bool bounded = GetParam().periods > unbounded_periods;
    if (bounded) {
      options.preemption_bound = kPreemptionBound;
      options.reduce = false;
    }
    const Outcome found = explore(options, body);
    EXPECT_TRUE(found.ok()) << found.report();
    std::cout << "  " << GetParam().periods << " periods: " << found.schedules << " schedules ("
              << found.redundant << " redundant) in " << found.seconds << " s, "
              << (bounded ? "at most " + std::to_string(kPreemptionBound) + " preemptions"
                          : std::string("unbounded"))
              << '\n';
    RecordProperty("schedules", std::to_string(found.schedules));
  }

  void add_hardware(Program& program, Stream& stream) {
    program.actor("hardware", [&stream, end = GetParam().periods * kPeriodNs] {
      advance_to(end);
      stream.channel().advance();
    });
  }
};

TEST_P(Termination, AsyncThenSynchronize) {
  explore_all([](Program& program, Stream& stream) {
    program.actor("client", [&] {
      stream.terminate_async();
      stream.synchronize();
    });
  });
}

TEST_P(Termination, Sync) {
  explore_all([](Program& program, Stream& stream) {
    program.actor("client", [&] { stream.terminate_sync(); });
  });
}

TEST_P(Termination, AsyncInsideTheCallbackThenSynchronize) {
  explore_all(
      [](Program& program, Stream& stream) {
        program.actor("client", [&] {
          stream.synchronize();
          stream.terminate_async();
          stream.synchronize();
        });
      },
      [](Stream& stream) { stream.terminate_async(); });
}

TEST_P(Termination, TwoTerminators) {
  explore_all(
      [](Program& program, Stream& stream) {
        program.actor("closer", [&] { stream.terminate_sync(); });
        program.actor("dropper", [&] {
          stream.terminate_async();
          stream.synchronize();
        });
      },
      {}, 2);
}

TEST_P(Termination, WhileAPeriodIsDue) {
  check_all([&](Program& program) {
    Stream stream(make_engine(GetParam().completion), "stream");
    stream.issue();
    advance_to(GetParam().periods * kPeriodNs);
    stream.channel().advance();  // now it is due, and the thread may or may not have begun
    program.actor("client", [&] {
      stream.terminate_async();
      stream.synchronize();
    });
    program.run();
    outcome("calls " + std::to_string(stream.calls()));
    check(stream.release().ok(), "release failed");
  });
}

TEST_P(Termination, ReissueAfterSynchronize) {
  explore_all([](Program& program, Stream& stream) {
    program.actor("client", [&] {
      stream.terminate_async();
      stream.synchronize();
      stream.issue();
    });
  });
}

TEST_P(Termination, ReissueDuringSynchronize) {
  check_all(
      [&](Program& program) {
        Stream stream(make_engine(GetParam().completion), "stream");
        stream.issue();
        program.actor("closer", [&] {
          stream.terminate_async();
          stream.synchronize();
        });
        program.actor("starter", [&] { stream.issue(); });
        program.run();
        outcome("calls " + std::to_string(stream.calls()));
        check(stream.release().ok(), "release failed");
      },
      2);
}

TEST_P(Termination, CrosswiseSynchronizeInCallbacksIsRefused) {
  check_all(
      [&](Program& program) {
        const auto engine = make_engine(GetParam().completion);
        Stream a(engine, "a");
        Stream b(engine, "b");
        const auto synchronize_other = [](Stream& other) {
          check(other.channel().synchronize().error() == EDEADLK, "a callback was let synchronize");
          check(other.channel().terminate_sync().error() == EDEADLK, "a callback was let wait");
        };
        a.issue([&](Stream&) { synchronize_other(b); });
        b.issue([&](Stream&) { synchronize_other(a); });
        program.actor("client", [&] {
          a.terminate_sync();
          b.terminate_sync();
        });
        program.run();
        check(a.release().ok() && b.release().ok(), "release failed");
      },
      1);
}

TEST_P(Termination, DestroyTheEngine) {
  check_all([&](Program& program) {
    auto engine = make_engine(GetParam().completion);
    auto stream = std::make_unique<Stream>(engine, "stream");
    engine.reset();  // the stream holds the last reference
    stream->issue([](Stream& self) { self.terminate_async(); });
    program.actor("client", [&] { stream.reset(); });
    program.run();
  });
}

INSTANTIATE_TEST_SUITE_P(Every, Termination,
                         ::testing::Values(Case{1, CompletionTopology::per_channel},
                                           Case{2, CompletionTopology::per_channel},
                                           Case{3, CompletionTopology::per_channel},
                                           Case{1, CompletionTopology::shared}),
                         case_name);

}  // namespace
}  // namespace dmasim::sim
