// SPDX-License-Identifier: LGPL-2.1-or-later
/// The contract of termination of a cyclic transfer under every schedule. The channel and the
/// completion thread are those of production; the clients are small.
#include <cerrno>

#include "tests/interleaving/contract_fixture.h"

namespace dmasim::sim {
namespace {

class Termination : public Contract {};
class TerminationOfTwo : public Contract {};

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
    stream.channel()
        .advance();  // the period is due; the completion thread may have begun to serve it
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

TEST_P(TerminationOfTwo, CrosswiseSynchronizeInCallbacksIsRefused) {
  check_all(
      [&](Program& program) {
        const auto engine = make_engine(GetParam().completion);
        Stream a(engine, "a");
        Stream b(engine, "b");
        const auto synchronize_other = [](Stream& other) {
          check(other.channel().synchronize().error() == EDEADLK, "a callback could synchronize");
          check(other.channel().terminate_sync().error() == EDEADLK,
                "a callback could wait for a termination");
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
      2);
}

TEST_P(Termination, DestroyTheEngine) {
  check_all([&](Program& program) {
    auto engine = make_engine(GetParam().completion);
    auto stream = std::make_unique<Stream>(engine, "stream");
    engine.reset();  // the stream's channel has the last reference
    stream->issue([](Stream& self) { self.terminate_async(); });
    program.actor("client", [&] { stream.reset(); });
    program.run();
  });
}

INSTANTIATE_TEST_SUITE_P(Every, Termination, cases_of_one_channel(), case_name);
INSTANTIATE_TEST_SUITE_P(Every, TerminationOfTwo, cases_of_two_channels(), case_name);

/// The reason why the tests search programs of one channel in one topology only.
TEST(Topologies, OneChannelIsTheSameSearchInBoth) {
  const auto search = [](CompletionTopology completion) {
    return explore({.horizon_ns = kPeriodNs}, [completion](Program& program) {
      Stream stream(make_engine(completion), "stream");
      stream.issue();
      program.actor("hardware", [&] {
        advance_to(kPeriodNs);
        stream.channel().advance();
      });
      program.actor("client", [&] {
        stream.terminate_async();
        stream.synchronize();
        stream.issue();
      });
      program.run();
      outcome("calls " + std::to_string(stream.calls()));
      check(stream.release().ok(), "release failed");
    });
  };
  const Outcome own = search(CompletionTopology::per_channel);
  const Outcome shared = search(CompletionTopology::shared);
  EXPECT_TRUE(own.ok()) << own.report();
  EXPECT_TRUE(shared.ok()) << shared.report();
  EXPECT_EQ(own.schedules, shared.schedules);
  EXPECT_EQ(own.redundant, shared.redundant);
  EXPECT_EQ(own.steps, shared.steps);
  EXPECT_EQ(own.max_depth, shared.max_depth);
  EXPECT_EQ(own.outcomes, shared.outcomes);
}

}  // namespace
}  // namespace dmasim::sim
