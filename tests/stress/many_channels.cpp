// SPDX-License-Identifier: LGPL-2.1-or-later
/// Many cyclic channels with periods of 10 ms in one process, in real time. While a channel runs,
/// its position is compared with its clock. At the end, its counts must agree with each other.
///
///   many_channels --channels 1000 --seconds 60 --completion shared
///
/// Exit status: 0 no failure, 1 a position or a count was wrong, 2 wrong arguments.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <thread>

#include "tests/stress/command_line.h"
#include "tests/stress/paced_stream.h"
#include "tests/stress/resources.h"
#include "tests/stress/witness_clock.h"

namespace dmasim::stress {
namespace {

struct Options {
  unsigned channels = 1000;
  unsigned seconds = 5;
  std::string completion = "channel";
};

struct Sums {
  IrqStats irq;
  uint64_t bytes = 0;
  uint64_t samples = 0;
  uint64_t wrong = 0;
};

void report(Sums& sums, size_t channel, const std::vector<std::string>& wrong) {
  for (const std::string& each : wrong) {
    if (sums.wrong++ < 20) std::fprintf(stderr, "FAILED: channel %zu: %s\n", channel, each.c_str());
  }
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

size_t completion_threads() {
  const Resources now = Resources::now();
  return static_cast<size_t>(
      std::count_if(now.threads.begin(), now.threads.end(),
                    [](const std::string& name) { return name.starts_with("dmasim-irq"); }));
}

/// The memory of all rings: consecutive frame numbers. Each channel's ring begins at another
/// number.
std::vector<uint32_t> frame_numbers(const StreamFormat& format, unsigned channels) {
  std::vector<uint32_t> numbers(format.period_frames * format.periods + channels);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<uint32_t>(i);
  return numbers;
}

/// Checks each channel about once a second, until the time is over.
void watch(const Options& options, std::deque<PacedStream>& streams, Sums& sums) {
  constexpr unsigned kSlices = 20;
  auto next = std::chrono::steady_clock::now();
  for (unsigned tick = 0; tick < options.seconds * kSlices; ++tick) {
    for (size_t i = tick % kSlices; i < streams.size(); i += kSlices) {
      report(sums, i, streams[i].check_position());
      ++sums.samples;
    }
    next += std::chrono::milliseconds(1000 / kSlices);
    std::this_thread::sleep_until(next);
  }
}

void finish(std::deque<PacedStream>& streams, Sums& sums) {
  for (size_t i = 0; i < streams.size(); ++i) {
    report(sums, i, streams[i].finish());
    const IrqStats stats = streams[i].stats();
    sums.irq.periods_due += stats.periods_due;
    sums.irq.callbacks += stats.callbacks;
    sums.irq.coalesced += stats.coalesced;
    sums.irq.dropped += stats.dropped;
    sums.irq.lateness.merge(stats.lateness);
    sums.bytes += streams[i].bytes();
  }
}

void print(const Options& options, const Sums& sums, size_t threads, double cpu_s) {
  const IrqStats& irq = sums.irq;
  const auto due = static_cast<double>(irq.periods_due);
  std::printf("channels %u, completion %s, %u s, completion threads %zu\n", options.channels,
              options.completion.c_str(), options.seconds, threads);
  std::printf("periods due %" PRIu64 " = delivered %" PRIu64 " + coalesced %" PRIu64
              " + dropped %" PRIu64 "; coalesced share %.4f %%\n",
              irq.periods_due, irq.callbacks, irq.coalesced, irq.dropped,
              100 * static_cast<double>(irq.coalesced) / due);
  std::printf("bytes %" PRIu64 ", positions compared %" PRIu64 ", wrong %" PRIu64 "\n", sums.bytes,
              sums.samples, sums.wrong);
  std::printf("lateness median %" PRId64 " us, p99 %" PRId64 " us, max %" PRId64 " us\n",
              irq.lateness.quantile_ns(0.5) / 1000, irq.lateness.quantile_ns(0.99) / 1000,
              irq.lateness.max_ns() / 1000);
  std::printf("CPU time %.2f s, %.2f us a period\n", cpu_s, 1e6 * cpu_s / due);
}

int run(const Options& options) {
  const bool shared = options.completion == "shared";
  const auto engine = std::make_shared<DmaDevice>(
      std::make_shared<WitnessClock>(),
      DmaDevice::Options{.completion = shared ? CompletionTopology::shared
                                              : CompletionTopology::per_channel});
  const StreamFormat format;
  const std::vector<uint32_t> numbers = frame_numbers(format, options.channels);
  const auto bytes = std::as_bytes(std::span(numbers));
  Sums sums;
  std::deque<PacedStream> streams;
  for (unsigned i = 0; i < options.channels; ++i) {
    streams.emplace_back(*engine, format,
                         bytes.subspan(i * format.frame_bytes, format.ring_bytes()));
  }
  const double cpu_before_s = cpu_seconds();
  for (PacedStream& each : streams) each.start();
  watch(options, streams, sums);
  const size_t threads = completion_threads();  // by now each has run, and so has its name
  finish(streams, sums);
  print(options, sums, threads, cpu_seconds() - cpu_before_s);
  const size_t expected_threads = shared ? 1 : options.channels;
  if (threads != expected_threads) {
    std::fprintf(stderr, "FAILED: %zu completion threads instead of %zu\n", threads,
                 expected_threads);
    return EXIT_FAILURE;
  }
  return sums.wrong == 0 && sums.irq.callbacks > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace dmasim::stress

int main(int argc, char** argv) {
  dmasim::stress::Options options;
  CLI::App app{"Runs many cyclic channels and balances their books."};
  app.add_option("--channels", options.channels)->check(CLI::Range(1, 4000));
  app.add_option("--seconds", options.seconds)->check(CLI::Range(1, 86400));
  app.add_option("--completion", options.completion, "channel or shared")
      ->check(CLI::IsMember({"channel", "shared"}));
  using dmasim::stress::status_of_arguments;
  if (const auto status = status_of_arguments(app, argc, argv)) return *status;
  try {
    return dmasim::stress::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "FAILED: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
