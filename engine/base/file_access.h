// SPDX-License-Identifier: LGPL-2.1-or-later
/// Whether this process may use a file that it does not open yet.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

namespace dmasim {

/// By the effective ids. `mode` is of access(2). 0, or an errno.
inline int may_access(const std::string& path, int mode) noexcept {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
}

/// Whether a file can be made in the directory of `path`. 0, or an errno.
inline int may_make_file(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path();
  return may_access(directory.empty() ? "." : directory, W_OK | X_OK);
}

}  // namespace dmasim
