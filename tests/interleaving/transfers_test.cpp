// SPDX-License-Identifier: LGPL-2.1-or-later
/// The contract of termination under every schedule, for transfers that end by themselves, hardware
/// that is slow to stop, several channels, several threads that terminate, and a controller that is
/// removed.
#include <cerrno>

#include "tests/interleaving/contract_fixture.h"

namespace dmasim::sim {
namespace {

/// An event that happens once, and for which fibers can wait.
class Event {
 public:
  Event() { name(&lock_, "event"); }
  void set() {
    MutexLock guard(lock_);
    happened_ = true;
    changed_.notify_all();
  }
  void wait() {
    MutexLock guard(lock_);
    while (!happened_) changed_.wait(lock_);
  }

 private:
  Mutex lock_;
  CondVar changed_;
  bool happened_ DMASIM_GUARDED_BY(lock_) = false;
};

class TransfersOfTwo : public Contract {};

class Transfers : public Contract {
 protected:
  void explore_release_of(const std::function<void(Program&, Stream&)>& clients,
                          const ChannelOptions& channel = {}, int unbounded_periods = 3) {
    check_all(
        [&](Program& program) {
          Stream stream(engine(channel), "stream");
          clients(program, stream);
          program.run();
          check(stream.release().ok(), "release failed");
        },
        unbounded_periods);
  }
};

TEST_P(Transfers, TheEndOfATransferAgainstItsTermination) {
  explore_release_of([](Program& program, Stream& stream) {
    stream.issue_once();
    add_hardware(program, stream);
    program.actor("client", [&] {
      stream.terminate_async();
      stream.synchronize();
    });
  });
}

TEST_P(Transfers, ThreeInARowAgainstATermination) {
  explore_release_of(
      [](Program& program, Stream& stream) {
        for (int i = 0; i < 3; ++i) stream.issue_once();
        add_hardware(program, stream);
        program.actor("client", [&] { stream.terminate_sync(); });
      },
      {}, 2);
}

TEST_P(Transfers, TheNextOneIsIssuedFromTheCallback) {
  explore_release_of([](Program& program, Stream& stream) {
    stream.issue_once([](Stream& self) { self.issue_once(); });
    add_hardware(program, stream);
    program.actor("client", [&] { stream.terminate_sync(); });
  });
}

TEST_P(Transfers, AReusableOneIsBusyUntilItsCallbackHasReturned) {
  check_all([&](Program& program) {
    ChannelHandle channel = *engine()->request_chan();
    check(channel->request_irq().ok(), "request_irq failed");
    std::array<std::byte, kPeriodBytes> from{};
    std::array<std::byte, kPeriodBytes> to{};
    Event called;
    TxDescriptor& copy =
        **channel->prep_dma_memcpy(to.data(), from.data(), to.size(), {.reuse = true});
    copy.callback = [&](const TxResult&) {
      check(channel->submit(copy).error() == EBUSY, "it was submitted from its own callback");
      called.set();
    };
    check(channel->submit(copy).ok(), "submit failed");
    channel->issue_pending();
    program.actor("client", [&] {
      called.wait();
      const Result<Cookie> again = channel->submit(copy);
      outcome(again.ok() ? "again" : "too early");
      check(again.ok() || again.error() == EBUSY, "submit: it neither succeeded nor was refused");
      check(channel->terminate_sync().ok(), "terminate_sync failed");
      check(channel->submit(copy).ok(), "it was not free after terminate_sync");
    });
    program.run();
    check(channel.release().ok(), "release failed");
  });
}

TEST_P(Transfers, AHardwareThatIsSlowToStopEndsWithSynchronize) {
  explore_release_of(
      [](Program& program, Stream& stream) {
        stream.issue();
        add_hardware(program, stream);
        program.actor("client", [&] {
          stream.terminate_async();
          stream.synchronize();
        });
        program.actor("asker", [&] { stream.channel().advance(); });
      },
      {.slow_to_stop = true});
}

TEST_P(Transfers, AHardwareThatIsSlowToStopGoesOverToWhatIsIssuedNext) {
  explore_release_of(
      [](Program& program, Stream& stream) {
        stream.issue();
        add_hardware(program, stream);
        program.actor("client", [&] {
          stream.terminate_async();
          stream.issue();
          stream.synchronize();
        });
      },
      {.slow_to_stop = true});
}

TEST_P(Transfers, ThreeTerminators) {
  explore_release_of([](Program& program, Stream& stream) {
    stream.issue([](Stream& self) { self.terminate_async(); });
    program.actor("closer", [&] { stream.terminate_sync(); });
    program.actor("dropper", [&] {
      stream.terminate_async();
      stream.synchronize();
    });
  });
}

/// A stranger is a client of another channel. Its callback returns only after terminate_sync of our
/// channel has returned.
TEST_P(TransfersOfTwo, SynchronizeWaitsForNoStranger) {
  check_all([&](Program& program) {
    const auto controller = engine();
    Stream mine(controller, "mine");
    Stream stranger(controller, "stranger");
    Event begun;
    Event over;
    stranger.issue_once([&](Stream&) {
      begun.set();
      over.wait();
    });
    program.actor("client", [&] {
      begun.wait();
      mine.issue();
      mine.terminate_sync();
      over.set();
    });
    program.run();
    check(mine.release().ok() && stranger.release().ok(), "release failed");
  });
}

/// Termination of a channel does not lose the callback of another channel, whose transfer ends
/// after one period.
class Strangers : public Contract {};

TEST_P(Strangers, NoneOfTheirCallbacksIsLost) {
  check_all(
      [&](Program& program) {
        const auto controller = engine();
        Stream mine(controller, "mine");
        Stream stranger(controller, "stranger");
        Event called;
        mine.issue();
        stranger.issue_once([&](Stream&) { called.set(); });
        program.actor("client", [&] { mine.terminate_sync(); });
        program.actor("time", [] { advance_to(kPeriodNs); });
        program.run();
        advance_to(now_ns() + kPeriodNs);  // the transfer was issued at an unknown time
        stranger.channel().advance();
        called.wait();
        check(mine.release().ok() && stranger.release().ok(), "release failed");
      },
      1);
}

TEST_P(Transfers, TheControllerGoesAwayDuringACallback) {
  check_all([&](Program& program) {
    const auto controller = engine();
    Stream stream(controller, "stream");
    stream.issue([&](Stream&) {
      const NeverWaits promise("remove");
      controller->remove();
    });
    add_hardware(program, stream);
    program.actor("client", [&] { stream.terminate_sync(); });
    program.run();
    check(stream.release().ok(), "release failed");
  });
}

TEST_P(Transfers, TheControllerGoesAwayUnderItsClients) {
  check_all([&](Program& program) {
    const auto controller = engine();
    Stream stream(controller, "stream");
    stream.issue();
    program.actor("unplug", [&] { controller->remove(); });
    program.actor("client", [&] {
      stream.issue_once();
      stream.terminate_async();
      stream.synchronize();
    });
    program.run();
    check(!controller->request_chan().ok(), "a removed controller handed out a channel");
    check(stream.release().ok(), "release failed");
  });
}

TEST_P(Transfers, AReleaseInACallbackIsRefusedAndChangesNothing) {
  explore_release_of([](Program& program, Stream& stream) {
    stream.issue([](Stream& self) {
      check(self.release().error() == EDEADLK, "a callback could release its channel");
    });
    add_hardware(program, stream);
    program.actor("client", [&] { stream.terminate_sync(); });
  });
}

INSTANTIATE_TEST_SUITE_P(Every, Transfers, cases_of_one_channel(), case_name);
INSTANTIATE_TEST_SUITE_P(Every, TransfersOfTwo, cases_of_two_channels(), case_name);
INSTANTIATE_TEST_SUITE_P(Every, Strangers,
                         ::testing::Values(Case{1, CompletionTopology::per_channel},
                                           Case{1, CompletionTopology::shared}),
                         case_name);

}  // namespace
}  // namespace dmasim::sim
