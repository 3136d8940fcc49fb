// SPDX-License-Identifier: LGPL-2.1-or-later
/// Variables of the environment that give values for keys: DMASIM_RATE for `rate`.
///
/// THREADS  any. As for getenv(3), no other thread may change the environment in the meantime.
#pragma once

#include <string>
#include <string_view>

namespace dmasim {

[[nodiscard]] std::string environment_name(std::string_view key);

/// Logs each variable DMASIM_* that belongs to no key but is at most two letters away from one's: a
/// line in ALSA's error log, with the right name. Only the first call that finds one logs.
void log_near_variables();

}  // namespace dmasim
