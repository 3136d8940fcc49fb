// SPDX-License-Identifier: LGPL-2.1-or-later
/// dmasim-keys INPUT OUTPUT: copies a file and writes its key texts anew (see key_texts.h). Both
/// may be the same file.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "tools/keys/key_texts.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: dmasim-keys INPUT OUTPUT\n");
    return 2;
  }
  std::ifstream input(argv[1]);
  const std::string text(std::istreambuf_iterator<char>(input), {});
  const auto written = dmasim::with_key_texts(text);
  if (!written) {
    std::fprintf(stderr, "dmasim-keys: %s: no line \"keys: NAME\" with a NAME of key_texts.h\n",
                 argv[1]);
    return 1;
  }
  std::ofstream output(argv[2]);
  output << *written << std::flush;
  if (!output) std::perror(argv[2]);
  return output ? 0 : 1;
}
