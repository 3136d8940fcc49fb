// SPDX-License-Identifier: LGPL-2.1-or-later
/// The words by which a message names the process that owns a cable or a subdevice.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <string>

namespace dmasim {

/// `owner` is 0 or less if it cannot be seen: /proc may be missing, or belong to another PID
/// namespace.
inline std::string owner_words(pid_t owner) {
  if (owner <= 0) return "another process, or another PCM of this one";
  const std::string process = "process " + std::to_string(owner);
  return owner == getpid() ? process + ", which is this one" : process;
}

}  // namespace dmasim
