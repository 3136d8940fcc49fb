// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/dmatest/test_case.h"

#include <array>

namespace dmasim::dmatest {

Plan draw_plan(const TestContext& context, int64_t duration_ns) {
  Plan plan{.timeout_ns = int64_t{context.options.timeout_ms} * 1'000'000};
  if (!context.dice.percent(context.options.terminate_percent)) return plan;
  static constexpr std::array kEndings{Ending::terminate_sync, Ending::terminate_async,
                                       Ending::in_callback};
  plan.ending = kEndings.at(context.dice.between(0, kEndings.size() - 1));
  const auto longest = static_cast<uint64_t>(duration_ns + duration_ns / 4);
  plan.moment_ns = static_cast<int64_t>(context.dice.between(0, longest));
  return plan;
}

Verdict judge(const End& end, uint64_t moved, uint64_t wanted, const Mismatches& wrong) {
  Verdict verdict{.outcome = end.terminated ? Outcome::terminated : Outcome::completed,
                  .bytes = moved,
                  .cut_short = end.terminated && moved > 0 && moved < wanted,
                  .by_others = end.by_others,
                  .complaint = end.complaint.empty() ? end.progress.complaint : end.complaint};
  if (verdict.complaint.empty() && wrong.count > 0) {
    verdict.complaint = wrong.first + ", " + std::to_string(wrong.count) + " wrong in all";
  }
  if (verdict.complaint.empty() && !end.terminated && moved < wanted) {
    verdict.complaint =
        "only " + std::to_string(moved) + " of " + std::to_string(wanted) + " bytes moved";
  }
  if (!verdict.complaint.empty()) verdict.outcome = Outcome::failed;
  return verdict;
}

}  // namespace dmasim::dmatest
