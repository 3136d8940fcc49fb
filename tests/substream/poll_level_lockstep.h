// SPDX-License-Identifier: LGPL-2.1-or-later
/// Functions of tests for a PollLevel and the thread that waits for it.
#pragma once

#include "plugin/pcm/poll_level.h"

namespace dmasim::lockstep {

/// Says whether poll() would find the level ready.
[[nodiscard]] bool ready(const PollLevel& level);
/// Sends a signal to the thread that waits.
void interrupt(const PollLevel& level);

}  // namespace dmasim::lockstep
