// SPDX-License-Identifier: LGPL-2.1-or-later
/// A directory for this test's cables and mixers only.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "engine/card/cable_directory.h"

namespace dmasim {

/// Within its scope XDG_RUNTIME_DIR is a new directory.
class RuntimeDirectory {
 public:
  RuntimeDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "dmasim-cable-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
    setenv("XDG_RUNTIME_DIR", path_.c_str(), 1);
  }
  ~RuntimeDirectory() {
    unsetenv("XDG_RUNTIME_DIR");
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  RuntimeDirectory(const RuntimeDirectory&) = delete;
  RuntimeDirectory& operator=(const RuntimeDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& cable) const {
    return files() / (cable + ".cable");
  }
  /// The directory of the files that processes share.
  [[nodiscard]] std::filesystem::path files() const { return path_ / "dmasim" / kFileFormat; }
  /// Makes that directory, for a test that puts a file into it.
  void make_files() const {
    std::filesystem::create_directories(files());
    for (const auto& each : {path_ / "dmasim", files()}) {
      std::filesystem::permissions(each, std::filesystem::perms::owner_all);
    }
  }

 private:
  std::filesystem::path path_;
};

}  // namespace dmasim
