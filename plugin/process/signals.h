// SPDX-License-Identifier: LGPL-2.1-or-later
/// The effect of a signal on a call that blocks.
#pragma once

namespace dmasim {

/// Says whether any signal handler of this process has no SA_RESTART. Every handler interrupts
/// poll(); only handlers without SA_RESTART interrupt a kernel's drain. After poll() it is not
/// known which handler has run. So in a process that has both kinds, each handler interrupts.
[[nodiscard]] bool signals_interrupt() noexcept;

}  // namespace dmasim
