// SPDX-License-Identifier: LGPL-2.1-or-later
/// The measurements of pcm_bench. Each opens PCMs of its own, and throws Cannot if the PCM cannot
/// do what is to be measured.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/bench/stream.h"

namespace dmasim::bench {

struct Options {
  Shape shape{};
  double seconds = 1.5;          ///< of each measurement of a running stream
  double idle_seconds = 2;       ///< of each look at a stream that does nothing
  double settle_seconds = 0.25;  ///< before a look: a recording writes what it still has
  unsigned cycles = 200;         ///< open and close
  unsigned stops = 40;           ///< drop and close while running
  std::vector<int> servers;      ///< processes whose CPU time and switches count too
};

/// Names and values of one measurement. A value that could not be measured is NaN.
using Figures = std::vector<std::pair<std::string, double>>;

[[nodiscard]] Figures open_close(const Options& options);
[[nodiscard]] Figures close_running(const Options& options);
[[nodiscard]] Figures lateness(const Options& options);
[[nodiscard]] Figures cpu(const Options& options, unsigned streams);
[[nodiscard]] Figures memory(const Options& options);
[[nodiscard]] Figures wake_ups(const Options& options);

}  // namespace dmasim::bench
