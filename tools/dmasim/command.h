// SPDX-License-Identifier: LGPL-2.1-or-later
/// The subcommands of dmasim.
#pragma once

#include <CLI/CLI.hpp>

namespace dmasim::cli {

inline constexpr int kBadArguments = 2;

/// Adds a subcommand to `app`. The subcommand runs while `app` parses its arguments. Afterwards
/// `status` is the exit status.
void add_dmatest(CLI::App& app, int& status);

}  // namespace dmasim::cli
