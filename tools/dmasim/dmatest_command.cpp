// SPDX-License-Identifier: LGPL-2.1-or-later
/// dmasim dmatest: reads the options, runs the test, prints the report.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "tools/dmasim/command.h"
#include "tools/dmatest/dmatest.h"

namespace dmasim::cli {
namespace {

using dmatest::Options;
using dmatest::Summary;
using dmatest::Totals;
using dmatest::TransferChoice;

/// The copies are so slow that a random moment often lies within one.
constexpr uint32_t kMemcpyBytesPerS = 100'000'000;
constexpr uint64_t kDefaultIterations = 1000;

struct Arguments {
  Options options{};
  std::string transfer = "mixed";
  std::string completion = "channel";
  bool norandom = false;
  bool slow_to_stop = false;
  bool json = false;
  CLI::Option* iterations = nullptr;
  CLI::Option* seed = nullptr;
};

nlohmann::json to_json(const Arguments& arguments, const Summary& summary) {
  const Totals& totals = summary.totals;
  nlohmann::json by_transfer;
  for (size_t i = 0; i < dmatest::kTransfers; ++i) {
    by_transfer[name_of(static_cast<dmatest::Transfer>(i))] = totals.by_transfer.at(i);
  }
  return {{"tests", totals.tests},
          {"failures", totals.failures},
          {"completed", totals.completed},
          {"terminated", totals.terminated},
          {"failed", totals.failed},
          {"cut_short", totals.cut_short},
          {"terminated_by_others", totals.terminated_by_others},
          {"terminations_in_callback", totals.terminations_in_callback},
          {"by_transfer", by_transfer},
          {"bytes", totals.bytes},
          {"seconds", summary.seconds},
          {"iops", static_cast<double>(totals.tests) / summary.seconds},
          {"mb_per_s", static_cast<double>(totals.bytes) / 1e6 / summary.seconds},
          {"channels", summary.channels},
          {"threads", summary.threads},
          {"transfer", arguments.transfer},
          {"completion", arguments.completion},
          {"seed", arguments.options.seed},
          {"failure_lines", summary.failures}};
}

void say(std::string_view line) {
  std::fprintf(stderr, "dmatest: %.*s\n", static_cast<int>(line.size()), line.data());
}

int run(Arguments& arguments) {
  static const std::map<std::string, TransferChoice> kChoices{{"memcpy", TransferChoice::memcpy},
                                                              {"sg", TransferChoice::sg},
                                                              {"cyclic", TransferChoice::cyclic},
                                                              {"mixed", TransferChoice::mixed}};
  Options& options = arguments.options;
  options.transfer = kChoices.at(arguments.transfer);
  options.random_layout = !arguments.norandom;
  if (arguments.seed->empty()) options.seed = std::random_device{}();
  if (arguments.iterations->empty()) {
    options.iterations = options.seconds > 0 ? 0 : kDefaultIterations;
  } else if (options.iterations == 0 && options.seconds == 0) {
    throw CLI::ValidationError("--iterations",
                               "Value 0, for no limit, needs --seconds of 1 or more");
  }
  const auto engine = std::make_shared<DmaDevice>(
      std::make_shared<RealtimeClock>(),
      DmaDevice::Options{.completion = arguments.completion == "shared"
                                           ? CompletionTopology::shared
                                           : CompletionTopology::per_channel,
                         .channel = {.caps = {},
                                     .memcpy_bytes_per_s = kMemcpyBytesPerS,
                                     .slow_to_stop = arguments.slow_to_stop}});
  const Summary summary = dmatest::run(options, {.engine = engine, .say = say});
  if (arguments.json) {
    std::printf("%s\n", to_json(arguments, summary).dump().c_str());
  } else {
    std::printf("dmatest: %s\n", in_words(summary).c_str());
  }
  return summary.totals.failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void add_sizes(CLI::App& app, Arguments& arguments) {
  Options& options = arguments.options;
  app.add_option("--channels", options.channels, "channels under test")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--threads-per-chan", options.threads_per_chan,
                 "threads that share a channel; a device's take turns")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  arguments.iterations =
      app.add_option("--iterations", options.iterations,
                     "tests of each thread; 0: no limit but --seconds, whose default it is; else "
                     "the default is 1000")
          ->check(CLI::Range(uint64_t{0}, uint64_t{1} << 53));
  app.add_option("--seconds", options.seconds, "no test begins later; 0: no limit")
      ->check(CLI::Range(0, 31'536'000))
      ->capture_default_str();
  app.add_option("--test-buf-size", options.test_buf_bytes, "bytes of a buffer")
      ->check(CLI::Range(64, 1 << 24))
      ->capture_default_str();
  app.add_option("--timeout", options.timeout_ms, "milliseconds after which a transfer has failed")
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str();
}

void add_choices(CLI::App& app, Arguments& arguments) {
  Options& options = arguments.options;
  app.add_option("--transfer", arguments.transfer, "memcpy, sg, cyclic, or mixed: all in turn")
      ->check(CLI::IsMember({"memcpy", "sg", "cyclic", "mixed"}))
      ->capture_default_str();
  app.add_option("--completion", arguments.completion,
                 "completion threads: one for each channel, or shared by all")
      ->check(CLI::IsMember({"channel", "shared"}))
      ->capture_default_str();
  app.add_option("--terminate", options.terminate_percent,
                 "percentage of transfers that are terminated")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app.add_flag("--slow-to-stop", arguments.slow_to_stop,
               "the hardware goes on with what is terminated until it is synchronized");
  app.add_flag("--norandom", arguments.norandom, "whole buffers: no random sizes and offsets");
  arguments.seed = app.add_option("--seed", options.seed, "of the random choices; default: random")
                       ->check(CLI::Range(uint64_t{0}, uint64_t{1} << 53));
  app.add_flag("--json", arguments.json, "report as an object");
  app.add_flag("--verbose", options.verbose, "a line for each test, on stderr");
}

}  // namespace

void add_dmatest(CLI::App& app, int& status) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand(
      "dmatest",
      "Transfers patterns through the engine's channels, terminates some of them, verifies every "
      "byte. Exit status 0: no failure.");
  add_sizes(command, *arguments);
  add_choices(command, *arguments);
  command.final_callback([arguments, &status] { status = run(*arguments); });
}

}  // namespace dmasim::cli
