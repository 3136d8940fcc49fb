// SPDX-License-Identifier: LGPL-2.1-or-later
/// The results of a run.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/sync.h"
#include "tools/dmatest/options.h"

namespace dmasim::dmatest {

/// How a test has ended.
enum class Outcome : uint8_t { completed, terminated, failed };

/// Sums over all tests: tests = completed + terminated + failed. `failures` counts the failed tests
/// and the failures that belong to no test.
struct Totals {
  uint64_t tests = 0;
  uint64_t completed = 0;
  uint64_t terminated = 0;
  uint64_t failed = 0;
  uint64_t failures = 0;
  uint64_t cut_short = 0;  ///< terminated after a part of the transfer
  uint64_t terminated_by_others = 0;
  uint64_t terminations_in_callback = 0;
  uint64_t bytes = 0;
  std::array<uint64_t, kTransfers> by_transfer{};  ///< tests of each kind
};

/// The result of one test.
struct Verdict {
  Outcome outcome = Outcome::completed;
  uint64_t bytes = 0;  ///< bytes that were moved
  bool cut_short = false;
  bool by_others = false;
  std::string complaint;  ///< why it has failed; empty if it has not
};

/// THREADS  any, completion threads too.
class Report {
 public:
  /// Calls `say` with a line for each failure, up to a limit. If `verbose`, for each test.
  Report(std::function<void(std::string_view)> say, bool verbose)
      : say_(std::move(say)), verbose_(verbose) {}

  void add(std::string_view who, uint64_t number, Transfer transfer, const Verdict& verdict)
      DMASIM_EXCLUDES(lock_);
  /// A failure that belongs to no single test.
  void fail(std::string_view who, std::string_view complaint) DMASIM_EXCLUDES(lock_);
  void count_termination_in_callback() DMASIM_EXCLUDES(lock_);

  [[nodiscard]] Totals totals() const DMASIM_EXCLUDES(lock_);
  /// The lines of the first failures.
  [[nodiscard]] std::vector<std::string> failures() const DMASIM_EXCLUDES(lock_);

 private:
  void note_failure(const std::string& line) DMASIM_REQUIRES(lock_);

  const std::function<void(std::string_view)> say_;
  const bool verbose_;
  mutable Mutex lock_;
  Totals totals_ DMASIM_GUARDED_BY(lock_);
  std::vector<std::string> failures_ DMASIM_GUARDED_BY(lock_);
};

}  // namespace dmasim::dmatest
