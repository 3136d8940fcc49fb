// SPDX-License-Identifier: LGPL-2.1-or-later
/// Counts what a run of the hammer did. Each worker has its own counts, which are added at the end.
#pragma once

#include <alsa/asoundlib.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace dmasim::stress {

struct Tally {
  uint64_t cycles = 0;
  std::array<uint64_t, SND_PCM_STATE_LAST + 1>
      closes{};  ///< one count for each state just before the close
  uint64_t transfers = 0;
  uint64_t drops_against_writer = 0;
  uint64_t drops_against_poller = 0;
  uint64_t drops_against_drain = 0;
  uint64_t restarts_against_writer = 0;
  uint64_t pauses_against_writer = 0;
  uint64_t aborts_of_writer = 0;
  uint64_t aborts_of_drain = 0;
  uint64_t closes_after_refused_hw_free = 0;
  uint64_t closes_after_refused_hw_params = 0;
  uint64_t refused_prepares = 0;
  uint64_t rewinds = 0;
  uint64_t drains = 0;
  uint64_t xruns_met = 0;  ///< xruns that a call of a worker returned

  void add(const Tally& other);
};

/// Sums over the lines that the plugin has appended to its REPORT file.
struct ReportSums {
  uint64_t pcms = 0;
  uint64_t starts = 0;
  uint64_t frames = 0;
  uint64_t periods = 0;
  uint64_t interrupts = 0;
  uint64_t coalesced = 0;
  uint64_t xruns = 0;
  uint64_t lost_frames = 0;
  uint64_t callbacks_after_synchronize = 0;
  uint64_t terminations_in_callback = 0;
  uint64_t closes_during_callback = 0;
};

/// Throws an exception of nlohmann::json if a line is not JSON.
[[nodiscard]] ReportSums sum_report(const std::string& path);

struct Count {
  std::string name;
  uint64_t value = 0;
  bool required = false;  ///< if this is 0, the run has not tested what it should test
};

[[nodiscard]] std::vector<Count> counts_of(const Tally& tally, bool locked);
[[nodiscard]] std::vector<Count> counts_of(const ReportSums& sums);

/// Prints each required count that is 0. False if there is one.
[[nodiscard]] bool report_missing(const std::vector<Count>& counts);
void print_table(const std::vector<Count>& counts);
void print_json(const std::vector<Count>& counts, double seconds, uint64_t seed);

}  // namespace dmasim::stress
