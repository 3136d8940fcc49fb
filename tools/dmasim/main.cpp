// SPDX-License-Identifier: LGPL-2.1-or-later
/// dmasim SUBCOMMAND ...
/// Exit status: the subcommand's; 2 for arguments that are not accepted.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "tools/dmasim/command.h"

int main(int argc, char** argv) {
  int status = EXIT_SUCCESS;
  CLI::App app{"Tools for the simulated sound card and its DMA engine."};
  app.name("dmasim");
  app.set_version_flag("--version", std::string("dmasim " DMASIM_VERSION));
  app.require_subcommand(1);
  dmasim::cli::add_dmatest(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : dmasim::cli::kBadArguments;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dmasim: %s\n", error.what());
    return EXIT_FAILURE;
  }
  return status;
}
