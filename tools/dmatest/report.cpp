// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/dmatest/report.h"

namespace dmasim::dmatest {
namespace {

constexpr size_t kShownFailures = 20;

std::string describe(const Verdict& verdict) {
  switch (verdict.outcome) {
    case Outcome::completed:
      return "completed, " + std::to_string(verdict.bytes) + " bytes";
    case Outcome::terminated:
      return std::string(verdict.by_others ? "terminated by another thread" : "terminated") +
             " after " + std::to_string(verdict.bytes) + " bytes";
    case Outcome::failed:
      break;
  }
  return "FAILED: " + verdict.complaint;
}

}  // namespace

void Report::add(std::string_view who, uint64_t number, Transfer transfer, const Verdict& verdict) {
  MutexLock guard(lock_);
  ++totals_.tests;
  ++totals_.by_transfer[static_cast<size_t>(transfer)];
  totals_.bytes += verdict.bytes;
  totals_.completed += verdict.outcome == Outcome::completed ? 1 : 0;
  totals_.terminated += verdict.outcome == Outcome::terminated ? 1 : 0;
  totals_.failed += verdict.outcome == Outcome::failed ? 1 : 0;
  totals_.cut_short += verdict.cut_short ? 1 : 0;
  totals_.terminated_by_others += verdict.by_others ? 1 : 0;
  const bool failed = verdict.outcome == Outcome::failed;
  if (!failed && !verbose_) return;
  const std::string line =
      std::string(who) + ": test " + std::to_string(number) + " " + describe(verdict);
  if (failed) {
    note_failure(line);
  } else {
    say_(line);
  }
}

void Report::fail(std::string_view who, std::string_view complaint) {
  MutexLock guard(lock_);
  note_failure(std::string(who) + ": FAILED: " + std::string(complaint));
}

void Report::note_failure(const std::string& line) {
  ++totals_.failures;
  if (failures_.size() == kShownFailures) return;
  failures_.push_back(line);
  say_(line);
  if (failures_.size() == kShownFailures) say_("further failures are only counted");
}

void Report::count_termination_in_callback() {
  MutexLock guard(lock_);
  ++totals_.terminations_in_callback;
}

Totals Report::totals() const {
  MutexLock guard(lock_);
  return totals_;
}

std::vector<std::string> Report::failures() const {
  MutexLock guard(lock_);
  return failures_;
}

}  // namespace dmasim::dmatest
