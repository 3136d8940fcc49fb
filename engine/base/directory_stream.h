// SPDX-License-Identifier: LGPL-2.1-or-later
/// Owns a stream of the names in a directory.
#pragma once

#include <dirent.h>

#include <memory>

#include "engine/base/unique_fd.h"

namespace dmasim {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { closedir(directory); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

/// Null if `directory` is no open directory, or without memory.
inline DirectoryStream directory_stream(UniqueFd directory) noexcept {
  DirectoryStream stream(directory ? fdopendir(directory.get()) : nullptr);
  if (stream) static_cast<void>(directory.release());
  return stream;
}

/// The next name; null at the end, and if there is no stream.
inline const char* next_name(const DirectoryStream& stream) noexcept {
  const dirent* const entry = stream ? readdir(stream.get()) : nullptr;
  return entry != nullptr ? entry->d_name : nullptr;
}

}  // namespace dmasim
