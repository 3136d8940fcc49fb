// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/passed_over.h"

#include <alsa/asoundlib.h>

#include <atomic>

namespace dmasim {

void log_passed_over(const CableDirectory& directory) {
  static std::atomic<bool> said{false};
  if (directory.passed_over.empty() || said.exchange(true)) return;
  SNDERR("dmasim: XDG_RUNTIME_DIR = \"%s\" is not used, but %s; accepted: a directory of this user",
         directory.passed_over.c_str(), directory.path.c_str());
}

}  // namespace dmasim
