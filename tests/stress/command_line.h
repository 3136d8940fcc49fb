// SPDX-License-Identifier: LGPL-2.1-or-later
/// The command line of a stress program.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

namespace dmasim::stress {

/// Parses the command line into the options of `app`. Returns nothing if the program should run,
/// else its exit status: 0 after --help, 2 for wrong arguments.
inline std::optional<int> status_of_arguments(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

}  // namespace dmasim::stress
