// SPDX-License-Identifier: LGPL-2.1-or-later
/// Measures any ALSA PCM and prints a line of JSON for each measurement. What a PCM cannot do is
/// said under "cannot".
#include <CLI/CLI.hpp>
#include <cmath>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/bench/measures.h"

namespace dmasim::bench {
namespace {

using Measure = std::function<Figures(const Options&)>;

const std::vector<std::pair<std::string, Measure>>& measures() {
  // The memory comes first: later, the heap has pages that others have left.
  static const std::vector<std::pair<std::string, Measure>> all{
      {"memory", memory},
      {"open_close", open_close},
      {"close_running", close_running},
      {"lateness", lateness},
      {"cpu_1", [](const Options& options) { return cpu(options, 1); }},
      {"cpu_16", [](const Options& options) { return cpu(options, 16); }},
      {"wake_ups", wake_ups}};
  return all;
}

void print(const std::string& name, const Measure& measure, const Options& options) {
  nlohmann::ordered_json line{{"measure", name}, {"pcm", options.shape.name}};
  try {
    for (const auto& [key, value] : measure(options)) {
      // JSON has no NaN.
      line[key] = std::isfinite(value) ? nlohmann::ordered_json(value) : nullptr;
    }
  } catch (const Cannot& reason) {
    line["cannot"] = reason.what();
  }
  std::cout << line.dump() << std::endl;
}

void ignore_message(const char*, int, const char*, int, const char*, ...) {}

int run(int argc, char** argv) {
  Options options;
  Shape& shape = options.shape;
  std::string only = "all";
  std::string format = "S16_LE";
  const std::map<std::string, Kind> kinds{
      {"playback", Kind::playback}, {"capture", Kind::capture}, {"loop", Kind::loop}};
  CLI::App app{"Measures an ALSA PCM. Prints a line of JSON for each measurement."};
  app.add_option("pcm", shape.name, "The PCM's name. %d in it becomes the number of the stream")
      ->required();
  app.add_option("--kind", shape.kind, "playback, capture, or loop: one of each, opened together")
      ->transform(CLI::CheckedTransformer(kinds));
  app.add_option("--measure", only, "The one measurement to make");
  app.add_option("--rate", shape.rate_hz, "Frames a second")->check(CLI::Range(1000, 768000));
  app.add_option("--channels", shape.channels)->check(CLI::Range(1, 64));
  app.add_option("--format", format, "ALSA's name of a sample format");
  app.add_option("--period", shape.period_frames, "Frames in a period")
      ->check(CLI::Range(16, 65536));
  app.add_option("--periods", shape.periods, "Periods in the buffer")->check(CLI::Range(2, 1024));
  app.add_option("--seconds", options.seconds, "Of each measurement of a running stream")
      ->check(CLI::Range(0.05, 3600.0));
  app.add_option("--idle-seconds", options.idle_seconds, "Of each look at a PCM that does nothing")
      ->check(CLI::Range(0.01, 3600.0));
  app.add_option("--settle-seconds", options.settle_seconds, "From a pause or a stop to that look")
      ->check(CLI::Range(0.0, 3600.0));
  app.add_option("--cycles", options.cycles, "Open and close")->check(CLI::Range(1, 1000000));
  app.add_option("--stops", options.stops, "Close while it runs")->check(CLI::Range(1, 1000000));
  app.add_option("--server", options.servers, "A process whose CPU time is counted too");
  CLI11_PARSE(app, argc, argv);
  shape.format = snd_pcm_format_value(format.c_str());
  if (shape.format == SND_PCM_FORMAT_UNKNOWN) {
    std::cerr << "--format " << format << ": alsa-lib knows no such format\n";
    return 2;
  }
  snd_lib_error_set_handler(ignore_message);
  bool found = false;
  for (const auto& [name, measure] : measures()) {
    if (only != "all" && only != name) continue;
    found = true;
    print(name, measure, options);
  }
  if (!found) std::cerr << "--measure " << only << ": there is no such measurement\n";
  return found ? 0 : 2;
}

}  // namespace
}  // namespace dmasim::bench

int main(int argc, char** argv) { return dmasim::bench::run(argc, argv); }
