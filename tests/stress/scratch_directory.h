// SPDX-License-Identifier: LGPL-2.1-or-later
/// A directory for temporary files. The destructor removes it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/stress/violation.h"

namespace dmasim::stress {

class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string path = std::filesystem::temp_directory_path() / "dmasim-stress-XXXXXX";
    expect(mkdtemp(path.data()) != nullptr, "no directory for temporary files");
    path_ = path;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace dmasim::stress
