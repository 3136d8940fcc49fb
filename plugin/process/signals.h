// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a signal does to a call that blocks.
#pragma once

namespace dmasim {

/// Whether some handler of this process asks for system calls to be interrupted (no SA_RESTART).
/// poll() is interrupted by every handler, a kernel's drain only by these. Which one has run cannot
/// be known afterwards; programs that mix both kinds get the interruption.
[[nodiscard]] bool signals_interrupt() noexcept;

}  // namespace dmasim
