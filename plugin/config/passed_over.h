// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "engine/card/cable_directory.h"

namespace dmasim {

/// Says which runtime directory is not used, where one was named: once, the first time. Others of
/// this user meet elsewhere then. THREADS  any.
void log_passed_over(const CableDirectory& directory);

}  // namespace dmasim
