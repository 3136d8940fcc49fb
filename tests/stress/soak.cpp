// SPDX-License-Identifier: LGPL-2.1-or-later
/// The soak test: one process uses everything that the card can do, with random parameters, for a
/// long time. It is built with sanitizers too.
///
///   soak --seconds 1200 --seed 7
///
/// Exit status: 0 no failure, 1 the card broke a promise, 2 wrong arguments, 3 a cycle hangs.
#include "tests/stress/soak.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "tests/stress/command_line.h"
#include "tests/stress/scratch_directory.h"

namespace dmasim::stress {
namespace {

struct Kind {
  const char* name;
  void (*run_cycle)(Station& station);
};

constexpr std::array kKinds{Kind{"card", soak_card},
                            Kind{"card", soak_card},
                            Kind{"recording", soak_recording},
                            Kind{"recording", soak_recording},
                            Kind{"loop", soak_loop},
                            Kind{"control", soak_control},
                            Kind{"fork", soak_fork}};

struct Options {
  unsigned seconds = 20;
  uint64_t seed = std::random_device{}();
  unsigned watchdog_s = 120;
};

class Soak {
 public:
  Soak(const Options& options, const ScratchDirectory& scratch)
      : options_(options),
        scratch_(scratch),
        until_(std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds)) {}

  /// True if the card kept every promise and each kind ran.
  bool run() {
    const Watchdog watchdog(pulses_, options_.watchdog_s);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kKinds.size(); ++i) {
      threads.emplace_back([this, i] { run_kind(i); });
    }
    for (std::thread& thread : threads) thread.join();
    for (size_t i = 0; i < kKinds.size(); ++i) {
      std::printf("%-10s %8llu cycles\n", kKinds[i].name,
                  static_cast<unsigned long long>(cycles_[i].load()));
      failed_ = failed_ || cycles_[i] == 0;
    }
    return !failed_;
  }

 private:
  void run_kind(unsigned i) {
    Station station{.number = i,
                    .scratch = scratch_.file("station" + std::to_string(i)),
                    .dice = Dice(options_.seed, i),
                    .pulse = pulses_[i]};
    while (!failed_ && std::chrono::steady_clock::now() < until_) {
      station.pulse.begin_cycle(kKinds[i].name);
      try {
        kKinds[i].run_cycle(station);
        ++cycles_[i];
      } catch (const std::exception& violation) {
        failed_ = true;
        std::fprintf(stderr, "FAILED: %s in cycle %llu, %s: %s\n", kKinds[i].name,
                     static_cast<unsigned long long>(cycles_[i].load()), station.pulse.step(),
                     violation.what());
      }
    }
    station.pulse.rest();
  }

  const Options options_;
  const ScratchDirectory& scratch_;
  const std::chrono::steady_clock::time_point until_;
  std::deque<Pulse> pulses_{kKinds.size()};
  std::array<std::atomic<uint64_t>, kKinds.size()> cycles_{};
  std::atomic<bool> failed_{false};
};

int soak(const Options& options) {
  std::printf("soak: %u s, seed %llu\n", options.seconds,
              static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  const ScratchDirectory scratch;
  return Soak(options, scratch).run() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace dmasim::stress

int main(int argc, char** argv) {
  dmasim::stress::Options options;
  CLI::App app{"Uses the card in every way at a time, in random shapes."};
  app.add_option("--seconds", options.seconds, "how long");
  app.add_option("--seed", options.seed, "of the random choices; random if not given");
  app.add_option("--watchdog", options.watchdog_s, "seconds without progress that are a hang")
      ->check(CLI::Range(1, 3600));
  using dmasim::stress::status_of_arguments;
  if (const auto status = status_of_arguments(app, argc, argv)) return *status;
  try {
    return dmasim::stress::soak(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "FAILED: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
