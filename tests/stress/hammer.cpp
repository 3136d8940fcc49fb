// SPDX-License-Identifier: LGPL-2.1-or-later
/// Opens, starts and closes PCMs through the real alsa-lib as fast as it can. It closes them in
/// every state and uses several threads. Then it checks for errors, hangs and leaks.
///
///   hammer --cycles 100000 --threads 8
///
/// Exit status: 0 no failure, 1 the PCM broke a promise or a case never happened, 2 wrong
/// arguments, 3 a worker hangs.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <random>
#include <vector>

#include "tests/stress/command_line.h"
#include "tests/stress/cycle.h"
#include "tests/stress/resources.h"
#include "tests/stress/scratch_directory.h"
#include "tests/stress/violation.h"

namespace dmasim::stress {
namespace {

constexpr uint64_t kHeapToleranceBytes = uint64_t{2} << 20;  // for arenas, caches and stdio
constexpr uint64_t kWarmUpCycles = 40;

class Hammer {
 public:
  explicit Hammer(const HammerOptions& options) : options_(options), pulses_(options.threads) {}

  /// Starts the threads, runs the cycles and joins the threads. `report` is a file in the scratch
  /// directory.
  void run(uint64_t cycles, const std::string& report) {
    report_ = scratch_.file(report);
    cycles_left_ = static_cast<int64_t>(cycles);
    const Watchdog watchdog(pulses_, options_.watchdog_s);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < options_.threads; ++i) threads.emplace_back([this, i] { work(i); });
    for (std::thread& thread : threads) thread.join();
  }

  void forget() { tally_ = Tally{}; }
  [[nodiscard]] const Tally& tally() const { return tally_; }
  [[nodiscard]] const std::string& report() const { return report_; }
  [[nodiscard]] std::vector<std::string> violations() const { return violations_; }

 private:
  void work(unsigned number) {
    Dice dice(options_.seed, number);
    Partner partner;
    Tally tally;
    Worker worker{.options = options_,
                  .report = report_,
                  .scratch = scratch_.file("worker" + std::to_string(number)),
                  .dice = dice,
                  .partner = partner,
                  .pulse = pulses_[number],
                  .tally = tally};
    while (!failed_ && cycles_left_.fetch_sub(1) > 0) run_cycle(worker, number);
    worker.pulse.rest();
    const std::lock_guard guard(lock_);
    tally_.add(tally);
  }

  void run_cycle(Worker& worker, unsigned number) {
    const Plan plan = draw_plan(worker.dice, options_);
    worker.pulse.begin_cycle(describe(plan));
    worker.pulse.step("open");
    try {
      Cycle(worker, plan).run();
      ++worker.tally.cycles;
    } catch (const std::exception& violation) {
      failed_ = true;
      const std::lock_guard guard(lock_);
      violations_.push_back("worker " + std::to_string(number) + " in \"" + worker.pulse.step() +
                            "\": " + violation.what() + "\n  " + describe(plan));
    }
  }

  const HammerOptions& options_;
  const ScratchDirectory scratch_;
  std::deque<Pulse> pulses_;
  std::string report_;
  std::atomic<int64_t> cycles_left_{0};
  std::atomic<bool> failed_{false};
  std::mutex lock_;
  Tally tally_;
  std::vector<std::string> violations_;
};

void complain_about_counts(const std::vector<Count>& counts, std::vector<std::string>& complaints) {
  for (const Count& count : counts) {
    if (count.required && count.value == 0) complaints.push_back(count.name + " is 0");
  }
}

std::vector<Count> all_counts(const Hammer& hammer, const HammerOptions& options,
                              std::vector<std::string>& complaints) {
  std::vector<Count> counts = counts_of(hammer.tally(), options.locked);
  if (!options.own_card()) return counts;
  const ReportSums sums = sum_report(hammer.report());
  const std::vector<Count> reported = counts_of(sums);
  counts.insert(counts.end(), reported.begin(), reported.end());
  if (complaints.empty() && sums.pcms != hammer.tally().cycles)
    complaints.push_back("not every close was reported");
  if (sums.callbacks_after_synchronize > 0) {
    complaints.push_back("callbacks began after synchronize");
  }
  if (!options.partial && complaints.empty()) complain_about_counts(counts, complaints);
  return counts;
}

int hammer_down(const HammerOptions& options) {
  std::printf("hammer: %s, completion %s, %s, seed %llu\n", options.pcm.c_str(),
              options.completion.c_str(),
              options.locked ? "alsa-lib locks" : "alsa-lib does not lock",
              static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  install_abort_handler();
  Hammer hammer(options);
  hammer.run(kWarmUpCycles,
             "warm-up");  // alsa-lib loads its configuration and modules at first use
  hammer.forget();
  const Resources before = Resources::now();
  const auto began = std::chrono::steady_clock::now();
  hammer.run(options.cycles, "report");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;

  std::vector<std::string> complaints = hammer.violations();
  const std::vector<std::string> leaks = leaks_since(before, kHeapToleranceBytes);
  complaints.insert(complaints.end(), leaks.begin(), leaks.end());
  const std::vector<Count> counts = all_counts(hammer, options, complaints);
  print_table(counts);
  std::printf("%.1f s, %.0f cycles/s\n", took.count(),
              static_cast<double>(hammer.tally().cycles) / took.count());
  print_json(counts, took.count(), options.seed);
  for (const std::string& complaint : complaints) {
    std::fprintf(stderr, "FAILED: %s\n", complaint.c_str());
  }
  return complaints.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

uint64_t random_seed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace
}  // namespace dmasim::stress

int main(int argc, char** argv) {
  dmasim::stress::HammerOptions options;
  options.seed = dmasim::stress::random_seed();
  CLI::App app{"Opens, starts and closes ALSA PCMs in every state, as fast as it can."};
  app.add_option("--cycles", options.cycles, "opened and closed PCMs");
  app.add_option("--threads", options.threads, "workers, each with a partner thread")
      ->check(CLI::Range(1, 64));
  app.add_option("--seed", options.seed, "of the random choices; random if not given");
  app.add_option("--pcm", options.pcm, "any PCM; \"dmasim\" gets arguments and is asked for more");
  app.add_option("--completion", options.completion, "of the card: channel or shared")
      ->check(CLI::IsMember({"channel", "shared"}));
  app.add_flag("--async", options.async_mode, "SND_PCM_ASYNC in the open mode");
  app.add_flag("--partial", options.partial, "do not ask that everything was hit at least once");
  app.add_option("--watchdog", options.watchdog_s, "seconds without progress that are a hang")
      ->check(CLI::Range(1, 3600));
  using dmasim::stress::status_of_arguments;
  if (const auto status = status_of_arguments(app, argc, argv)) return *status;
  // alsa-lib reads the variable in the same way.
  const char* thread_safe = std::getenv("LIBASOUND_THREAD_SAFE");
  options.locked = !options.async_mode && (thread_safe == nullptr || *thread_safe != '0');
  try {
    return dmasim::stress::hammer_down(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "FAILED: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
