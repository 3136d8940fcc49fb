// SPDX-License-Identifier: LGPL-2.1-or-later
/// The designs of the termination debate with real threads and memory that is really freed.
///
///   debate_hammer --design e2 --cycles 1000000 --completion shared
///
/// If a design frees too early, the address sanitizer reports it and ends the program. Without the
/// sanitizer, the program fails at the first free while a callback runs. Exit status: 0 no failure,
/// 1 a failure, 2 wrong arguments, 3 a worker hangs, as with some designs.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "tests/debate/dma_channel.h"
#include "tests/stress/command_line.h"
#include "tests/stress/dice.h"
#include "tests/stress/freed_memory.h"
#include "tests/stress/tally.h"
#include "tests/stress/watchdog.h"

namespace dmasim::stress {
namespace {

using debate::Substream;

struct Options {
  std::string design = "e2";
  std::string completion = "channel";
  uint64_t cycles = 10000;
  unsigned threads = 2;
  unsigned slow_us = 20;
  uint64_t seed = 0;
  unsigned watchdog_s = 60;
};

/// A channel, and the PCMs that are opened on it one after the other. Other players use other
/// channels.
class Player {
 public:
  Player(const Options& options, DebateCounts& counts, debate::Controller& controller,
         ManualClock& clock, Dice dice)
      : design_(*debate::find_design(options.design)),
        slow_us_(options.slow_us),
        counts_(counts),
        clock_(clock),
        dice_(dice),
        memory_(counts),
        channel_(controller.request_chan(memory_)) {}

  void run_cycle(Pulse& pulse) {
    memory_.begin_cycle(dice_.pick(kMeetings), dice_.below(slow_us_ + 1));
    auto pcm = std::make_unique<Substream>(Substream::Setting{
        .memory = memory_, .channel = *channel_, .design = design_, .xrun = dice_.one_in(2)});
    pulse.step("start");
    const uint64_t begun = memory_.callbacks_begun();
    pcm->start();
    pass_period();
    if (!dice_.one_in(4))
      await_callback_after(begun);  // otherwise the callback may come at any time
    if (dice_.one_in(4)) pass_period();
    end(std::move(pcm), pulse);
    ++counts_.cycles;
  }

  void release() { channel_->release(); }

 private:
  using Meeting = FreedMemory::Meeting;
  static constexpr std::array kMeetings{Meeting::nowhere, Meeting::at_the_door, Meeting::inside};

  void pass_period() {
    clock_.advance_ns(debate::kPeriodNs);
    channel_->advance();
  }

  /// With a losing design, a callback of the previous cycle may still run. Ours then comes after
  /// it.
  void await_callback_after(uint64_t begun) {
    while (memory_.callbacks_begun() == begun && !memory_.in_callback()) std::this_thread::yield();
  }

  void end(std::unique_ptr<Substream> pcm, Pulse& pulse) {
    pulse.step("drop");
    memory_.begin_end();
    if (memory_.in_callback()) ++counts_.drops_during_callback;
    pcm->drop();
    pulse.step("hw_free");
    if (memory_.in_callback()) ++counts_.closes_during_callback;
    pcm->hw_free();
    if (dice_.one_in(4)) pass_period();
    pulse.step("close");
    Substream::close(std::move(pcm));
  }

  const debate::Design& design_;
  const unsigned slow_us_;
  DebateCounts& counts_;
  ManualClock& clock_;
  Dice dice_;
  FreedMemory memory_;
  std::unique_ptr<debate::DmaChannel> channel_;
};

void run(const Options& options, DebateCounts& counts) {
  const auto clock = std::make_shared<ManualClock>();
  std::deque<Player> players;
  const auto controller = debate::make_controller(
      *debate::find_design(options.design),
      options.completion == "shared" ? CompletionTopology::shared : CompletionTopology::per_channel,
      clock);
  std::deque<Pulse> pulses(options.threads);
  const Watchdog watchdog(pulses, options.watchdog_s);
  for (unsigned i = 0; i < options.threads; ++i) {
    players.emplace_back(options, counts, *controller, *clock, Dice(options.seed, i));
  }
  std::atomic<int64_t> left{static_cast<int64_t>(options.cycles)};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < options.threads; ++i) {
    threads.emplace_back([&, i] {
      while (left.fetch_sub(1) > 0) players[i].run_cycle(pulses[i]);
      pulses[i].rest();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (Player& player : players) player.release();
}

std::vector<Count> counts_of(const DebateCounts& counts) {
  return {{"cycles", counts.cycles, true},
          {"callbacks", counts.callbacks, true},
          {"drops_during_callback", counts.drops_during_callback, true},
          {"closes_during_callback", counts.closes_during_callback, true},
          {"terminations_in_callback", counts.terminations_in_callback, true},
          {"bytes", counts.bytes, true},
          {"freed_during_callback", counts.freed_during_callback, false}};
}

int hammer_down(const Options& options) {
  std::printf("debate_hammer: design %s, completion %s, seed %llu\n", options.design.c_str(),
              options.completion.c_str(), static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  DebateCounts counts;
  const auto began = std::chrono::steady_clock::now();
  run(options, counts);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const std::vector<Count> all = counts_of(counts);
  print_table(all);
  print_json(all, took.count(), options.seed);
  bool failed = counts.freed_during_callback > 0;
  if (!report_missing(all)) failed = true;
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace dmasim::stress

int main(int argc, char** argv) {
  dmasim::stress::Options options;
  options.seed = std::random_device{}();
  std::vector<std::string> names;
  for (const dmasim::debate::Design& design : dmasim::debate::all_designs()) {
    names.push_back(design.name);
  }
  CLI::App app{"Opens, stops and closes PCMs by a design of DMA termination, right or wrong."};
  app.add_option("--design", options.design, "see docs/termination.md")
      ->check(CLI::IsMember(names));
  app.add_option("--completion", options.completion, "channel or shared")
      ->check(CLI::IsMember({"channel", "shared"}));
  app.add_option("--cycles", options.cycles, "lives of a PCM");
  app.add_option("--threads", options.threads, "clients, each with a channel of its own")
      ->check(CLI::Range(1, 64));
  app.add_option("--slow", options.slow_us, "microseconds that a callback takes at most");
  app.add_option("--seed", options.seed, "of the random choices; random if not given");
  app.add_option("--watchdog", options.watchdog_s, "seconds without progress that are a hang")
      ->check(CLI::Range(1, 3600));
  using dmasim::stress::status_of_arguments;
  if (const auto status = status_of_arguments(app, argc, argv)) return *status;
  const bool shared = options.completion == "shared";
  if (!dmasim::debate::exists(
          *dmasim::debate::find_design(options.design),
          shared ? dmasim::CompletionTopology::shared : dmasim::CompletionTopology::per_channel)) {
    std::fprintf(stderr, "design %s needs --completion shared\n", options.design.c_str());
    return 2;
  }
  return dmasim::stress::hammer_down(options);
}
