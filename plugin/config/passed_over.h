// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "engine/card/cable_directory.h"

namespace dmasim {

/// Logs that XDG_RUNTIME_DIR names a directory that is not used. Logs once in a process. Processes
/// with another directory do not share this one's cards, cables and mixers. THREADS  any.
void log_passed_over(const CableDirectory& directory);

}  // namespace dmasim
