// SPDX-License-Identifier: LGPL-2.1-or-later
/// Variables of the environment that stand for keys: DMASIM_RATE for `rate`.
///
/// THREADS  any; as for getenv(3), while no other one changes the environment.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dmasim {

[[nodiscard]] std::string environment_name(std::string_view key);

/// Variables DMASIM_* that stand for none of `keys`, but are at most two letters away from it, get
/// a line in ALSA's error log, with the right name. Once: later calls say nothing more.
void log_near_variables(std::span<const std::string_view> keys);

}  // namespace dmasim
