// SPDX-License-Identifier: LGPL-2.1-or-later
/// A stress test of the engine without alsa-lib. It starts channels, terminates them from callbacks
/// and from other threads, synchronizes them, and really frees their clients.
///
///   engine_hammer --cycles 20000 --threads 4 --completion shared
///
/// Exit status: 0 no failure, 1 the engine broke a promise or a case never happened, 2 wrong
/// arguments, 3 a worker hangs.
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "tests/stress/command_line.h"
#include "tests/stress/dice.h"
#include "tests/stress/engine_client.h"
#include "tests/stress/partner.h"
#include "tests/stress/resources.h"
#include "tests/stress/tally.h"
#include "tests/stress/watchdog.h"

namespace dmasim::stress {
namespace {

struct Options {
  uint64_t cycles = 2000;
  unsigned threads = 4;
  uint64_t seed = 0;
  std::string completion = "channel";
  unsigned watchdog_s = 60;
};

/// A worker with two channels, so that a callback can terminate a channel that is not its own.
class Worker {
 public:
  Worker(EngineCounts& counts, std::shared_ptr<DmaDevice> engine, Dice dice, Pulse& pulse)
      : counts_(counts), engine_(std::move(engine)), dice_(dice), pulse_(pulse) {}

  void run_cycle() {
    pulse_.step("request_chan");
    ChannelHandle first = request();
    ChannelHandle second = request();
    const unsigned transfers = dice_.between(1, 3);
    for (unsigned i = 0; i < transfers; ++i) transfer(*first, *second);
    pulse_.step("release");
    check_stats(*first);
    check_stats(*second);
    if (!first.release()) report_broken(counts_, "release");
    if (dice_.one_in(2) && !second.release()) report_broken(counts_, "release");
    ++counts_.cycles;
  }

 private:
  ChannelHandle request() {
    Result<ChannelHandle> channel = engine_->request_chan([this] { ++counts_.alarms; });
    if (!channel) throw std::runtime_error("request_chan");
    return std::move(*channel);
  }

  Mischief draw_mischief() {
    static constexpr std::array kSlowUs{0U, 0U, 30U, 150U};
    return {.terminate = dice_.one_in(2),
            .terminate_other = dice_.one_in(4),
            .restart = dice_.one_in(2),
            .synchronize = dice_.one_in(4),
            .after_callbacks = dice_.between(1, 4),
            .slow_us = dice_.pick(kSlowUs)};
  }

  std::unique_ptr<EngineClient> client(Channel& channel, Channel& other) {
    const Direction direction = dice_.one_in(2) ? Direction::mem_to_dev : Direction::dev_to_mem;
    auto made = std::make_unique<EngineClient>(counts_, channel, other, direction, draw_mischief());
    const size_t period_frames = dice_.between(16, 96);
    made->start(period_frames * dice_.between(1, 4) + dice_.below(16), period_frames);
    return made;
  }

  void transfer(Channel& first, Channel& second) {
    pulse_.step("start");
    auto one = client(first, second);
    auto two = client(second, first);
    partner_.begin([this, &first, &second, turns = dice_.below(4), kind = dice_.below(4)] {
      for (unsigned i = 0; i < turns; ++i) meddle(first, second, kind);
    });
    std::this_thread::sleep_for(std::chrono::microseconds(dice_.below(500)));
    bury(first, std::move(one));
    bury(second, std::move(two));
    partner_.wait();
    // The partner may have armed this alarm after the last synchronize. It belongs to no client.
    first.disarm_alarm();
    second.disarm_alarm();
  }

  /// A second thread runs this at any time, also while the first one frees a client.
  void meddle(Channel& first, Channel& second, unsigned kind) {
    switch (kind) {
      case 0:
        first.terminate_async();
        second.advance();
        break;
      case 1:
        if (second.synchronize()) ++counts_.concurrent_synchronizes;
        if (first.terminate_sync()) ++counts_.concurrent_synchronizes;
        break;
      case 2:
        if (first.pause()) static_cast<void>(first.resume());
        static_cast<void>(second.tx_status(Cookie{1}));
        break;
      default:
        first.arm_alarm_at(engine_->clock().now_ns() + 20'000);
        second.arm_alarm_at_bytes(1000);
        std::this_thread::yield();
        break;
    }
  }

  /// Uses the contract: terminates, synchronizes, and then frees the client at once.
  void bury(Channel& channel, std::unique_ptr<EngineClient> client) {
    const std::shared_ptr<Grave> grave = client->grave();
    client->forbid_restart();
    pulse_.step("synchronize");
    if (dice_.one_in(2)) {
      channel.terminate_async();
      if (grave->running > 0) ++counts_.synchronized_during_callback;
      if (!channel.synchronize()) report_broken(counts_, "synchronize");
    } else if (!channel.terminate_sync()) {
      report_broken(counts_, "terminate_sync");
    }
    grave->closed = true;
    if (grave->running > 0) report_broken(counts_, "a callback runs after synchronize");
    client.reset();
    // Each descriptor had a share. This thread or the partner must have freed all of them by now.
    if (grave.use_count() != 1) report_broken(counts_, "a descriptor outlived synchronize");
  }

  void check_stats(Channel& channel) {
    const IrqStats stats = channel.irq_stats();
    if (stats.callbacks_after_synchronize > 0)
      report_broken(counts_, "callbacks_after_synchronize");
    if (stats.periods_due != stats.callbacks + stats.coalesced + stats.dropped) {
      report_broken(counts_, "periods_due = callbacks + coalesced + dropped");
    }
  }

  EngineCounts& counts_;
  const std::shared_ptr<DmaDevice> engine_;
  Dice dice_;
  Pulse& pulse_;
  Partner partner_;
};

std::vector<Count> counts_of(const EngineCounts& counts) {
  return {{"cycles", counts.cycles, true},
          {"callbacks", counts.callbacks, true},
          {"alarms", counts.alarms, true},
          {"terminations_in_callback", counts.terminations_in_callback, true},
          {"terminations_of_the_other", counts.terminations_of_the_other, true},
          {"restarts_in_callback", counts.restarts_in_callback, true},
          {"deadlocks_refused", counts.deadlocks_refused, true},
          {"synchronized_during_callback", counts.synchronized_during_callback, true},
          {"concurrent_synchronizes", counts.concurrent_synchronizes, true},
          {"bytes", counts.bytes, true},
          {"broken", counts.broken, false}};
}

void run(const Options& options, uint64_t cycles, EngineCounts& counts) {
  auto engine = std::make_shared<DmaDevice>(
      std::make_shared<RealtimeClock>(),
      DmaDevice::Options{.completion = options.completion == "shared"
                                           ? CompletionTopology::shared
                                           : CompletionTopology::per_channel});
  std::deque<Pulse> pulses(options.threads);
  const Watchdog watchdog(pulses, options.watchdog_s);
  std::atomic<int64_t> left{static_cast<int64_t>(cycles)};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < options.threads; ++i) {
    threads.emplace_back([&, i] {
      Worker worker(counts, engine, Dice(options.seed, i), pulses[i]);
      while (counts.broken == 0 && left.fetch_sub(1) > 0) worker.run_cycle();
      pulses[i].rest();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

int hammer_down(const Options& options) {
  std::printf("engine_hammer: completion %s, seed %" PRIu64 "\n", options.completion.c_str(),
              options.seed);
  std::fflush(stdout);
  EngineCounts warm_up;
  run(options, 10, warm_up);
  const Resources before = Resources::now();
  const auto began = std::chrono::steady_clock::now();
  EngineCounts counts;
  run(options, options.cycles, counts);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const std::vector<Count> all = counts_of(counts);
  print_table(all);
  print_json(all, took.count(), options.seed);
  bool failed = counts.broken > 0;
  for (const std::string& leak : leaks_since(before, uint64_t{1} << 20)) {
    std::fprintf(stderr, "FAILED: %s\n", leak.c_str());
    failed = true;
  }
  if (!report_missing(all)) failed = true;
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace dmasim::stress

int main(int argc, char** argv) {
  dmasim::stress::Options options;
  options.seed = std::random_device{}();
  CLI::App app{"Starts, terminates, synchronizes and frees DMA transfers from several threads."};
  app.add_option("--cycles", options.cycles, "of two channels and one to three transfers each");
  app.add_option("--threads", options.threads, "workers, each with a partner thread")
      ->check(CLI::Range(1, 64));
  app.add_option("--seed", options.seed, "of the random choices; random if not given");
  app.add_option("--completion", options.completion, "channel or shared")
      ->check(CLI::IsMember({"channel", "shared"}));
  app.add_option("--watchdog", options.watchdog_s, "seconds without progress that are a hang")
      ->check(CLI::Range(1, 3600));
  using dmasim::stress::status_of_arguments;
  if (const auto status = status_of_arguments(app, argc, argv)) return *status;
  return dmasim::stress::hammer_down(options);
}
