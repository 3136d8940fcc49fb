// SPDX-License-Identifier: LGPL-2.1-or-later
/// What may have kept a thread from being made, for a message.
#pragma once

#include <string>

namespace dmasim {

/// "RLIMIT_NPROC is 100, pids.max is 512"; what cannot be read is left out.
[[nodiscard]] std::string thread_limits();

}  // namespace dmasim
