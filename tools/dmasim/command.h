// SPDX-License-Identifier: LGPL-2.1-or-later
/// The subcommands of dmasim.
#pragma once

#include <CLI/CLI.hpp>

namespace dmasim::cli {

inline constexpr int kBadArguments = 2;

/// Adds a subcommand to `app`. Its work is done when `app` has parsed it; `status` is then the exit
/// status.
void add_dmatest(CLI::App& app, int& status);

}  // namespace dmasim::cli
