// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/dmatest/dmatest.h"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <deque>
#include <exception>
#include <system_error>

#include "tools/dmatest/test_case.h"

namespace dmasim::dmatest {
namespace {

Transfer transfer_of(TransferChoice choice, unsigned channel) {
  if (choice == TransferChoice::mixed) return static_cast<Transfer>(channel % kTransfers);
  return static_cast<Transfer>(choice);
}

[[noreturn]] void refuse(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

/// The channels and threads of a run.
class Crew {
 public:
  Crew(const Options& options, const Rig& rig, Report& report)
      : options_(options), rig_(rig), report_(report) {
    for (unsigned i = 0; i < options.channels; ++i) request(i);
  }

  ~Crew() { join(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  void start(int64_t deadline_ns) {
    const unsigned count = options_.channels * options_.threads_per_chan;
    for (unsigned i = 0; i < count; ++i) {
      Thread& thread = threads_.emplace_back();
      const std::string name = "dmatest/" + std::to_string(i);
      const Result<void> started = thread.start(
          {.name = name.c_str()}, [this, i, deadline_ns] { guarded_work(i, deadline_ns); });
      if (!started) refuse(started.error(), name);
    }
  }

  void join() {
    for (Thread& thread : threads_) {
      if (thread.started()) thread.join();
    }
  }

  void check_interrupts() {
    for (TestChannel& each : channels_) {
      if (!each.terminate_sync()) report_.fail(each.name(), "terminate_sync is refused");
      const IrqStats stats = each.channel().irq_stats();
      if (stats.callbacks_after_synchronize > 0) {
        report_.fail(each.name(), "callbacks after synchronize");
      }
      if (stats.periods_due != stats.callbacks + stats.coalesced + stats.dropped) {
        report_.fail(each.name(), "interrupts due, delivered, coalesced and dropped do not add up");
      }
    }
  }

 private:
  void request(unsigned number) {
    const Transfer transfer = transfer_of(options_.transfer, number);
    const std::string name = "chan" + std::to_string(number) + "-" + name_of(transfer);
    Result<ChannelHandle> channel = rig_.engine->request_chan();
    if (!channel) refuse(channel.error(), name);
    channels_.emplace_back(name, *std::move(channel), transfer);
    const Result<void> irq = channels_.back().channel().request_irq();
    if (!irq) refuse(irq.error(), name);
  }

  void guarded_work(unsigned number, int64_t deadline_ns) noexcept {
    const std::string who =
        channels_[number % options_.channels].name() + ":" + std::to_string(number);
    try {
      work(who, number, deadline_ns);
    } catch (const std::exception& error) {
      report_.fail(who, error.what());
    }
  }

  void work(const std::string& who, unsigned number, int64_t deadline_ns) {
    TestChannel& channel = channels_[number % options_.channels];
    Dice dice(options_.seed, number);
    const TestContext context{options_, rig_, report_, channel, dice};
    for (uint64_t i = 0; options_.iterations == 0 || i < options_.iterations; ++i) {
      if (RealtimeClock().now_ns() >= deadline_ns) return;
      const bool memory = channel.transfer() == Transfer::memcpy;
      report_.add(who, i, channel.transfer(), memory ? test_memcpy(context) : test_slave(context));
    }
  }

  const Options& options_;
  const Rig& rig_;
  Report& report_;
  std::deque<TestChannel> channels_;
  std::deque<Thread> threads_;
};

}  // namespace

Summary run(const Options& options, const Rig& rig) {
  Report report(rig.say, options.verbose);
  Summary summary{.channels = options.channels,
                  .threads = options.channels * options.threads_per_chan};
  {
    Crew crew(options, rig, report);
    const int64_t began_ns = RealtimeClock().now_ns();
    crew.start(options.seconds == 0 ? kNever : began_ns + int64_t{options.seconds} * 1'000'000'000);
    crew.join();
    summary.seconds = static_cast<double>(RealtimeClock().now_ns() - began_ns) / 1e9;
    crew.check_interrupts();
  }
  summary.totals = report.totals();
  summary.failures = report.failures();
  return summary;
}

std::string in_words(const Summary& summary) {
  std::array<char, 200> text{};
  const Totals& totals = summary.totals;
  std::snprintf(text.data(), text.size(),
                "%" PRIu64 " tests, %" PRIu64
                " failures, %.0f iops, %.1f MB/s (channels %u, threads %u, terminated %" PRIu64 ")",
                totals.tests, totals.failures, static_cast<double>(totals.tests) / summary.seconds,
                static_cast<double>(totals.bytes) / 1e6 / summary.seconds, summary.channels,
                summary.threads, totals.terminated);
  return text.data();
}

}  // namespace dmasim::dmatest
