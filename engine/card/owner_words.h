// SPDX-License-Identifier: LGPL-2.1-or-later
/// How messages name the process that has something which is wanted.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <string>

namespace dmasim {

/// `owner` is 0 or less where it is not known: /proc/locks may not be there, or be that of another
/// PID namespace.
inline std::string owner_words(pid_t owner) {
  if (owner <= 0) return "another PCM, of this process or of another one";
  const std::string process = "process " + std::to_string(owner);
  return owner == getpid() ? process + ", which is this one" : process;
}

}  // namespace dmasim
