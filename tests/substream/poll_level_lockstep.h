// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a test sees of a PollLevel, and does to who waits for it.
#pragma once

#include "plugin/pcm/poll_level.h"

namespace dmasim::lockstep {

/// What poll() would find.
[[nodiscard]] bool ready(const PollLevel& level);
/// A signal comes to the thread that waits.
void interrupt(const PollLevel& level);

}  // namespace dmasim::lockstep
