// SPDX-License-Identifier: LGPL-2.1-or-later
/// Says whether this process may use a file, without opening it.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

namespace dmasim {

/// Checks `path` for the effective ids. `mode` is that of access(2). Answers 0 or an errno.
inline int may_access(const std::string& path, int mode) noexcept {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
}

/// Says whether a file can be made in the directory of `path`. Answers 0 or an errno.
inline int may_make_file(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path();
  return may_access(directory.empty() ? "." : directory, W_OK | X_OK);
}

}  // namespace dmasim
