// SPDX-License-Identifier: LGPL-2.1-or-later
/// The limits that may have kept a thread from starting, as text for a message.
#pragma once

#include <string>

namespace dmasim {

/// For example "RLIMIT_NPROC is 100, pids.max is 512". A pids.max that cannot be read is left out.
[[nodiscard]] std::string thread_limits();

}  // namespace dmasim
