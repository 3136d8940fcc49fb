// SPDX-License-Identifier: LGPL-2.1-or-later
/// The verdicts as the generated parts of docs/termination.md.
#pragma once

#include <string>
#include <vector>

#include "tests/debate/verdict.h"

namespace dmasim::debate {

/// One row for each design: how it ends a transfer, and how it fails.
[[nodiscard]] std::string summary_of(const std::vector<Verdict>& verdicts);
/// One row for each design, or two rows if its results differ between the completion topologies.
[[nodiscard]] std::string table_of(const std::vector<Verdict>& verdicts);
/// The shortest schedule that leads to each failure of each design.
[[nodiscard]] std::string schedules_of(const std::vector<Verdict>& verdicts);
/// The shortest story of each design that fails, and one story of each failure that these do not
/// show.
[[nodiscard]] std::string stories_of(const std::vector<Verdict>& verdicts);

}  // namespace dmasim::debate
