// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where this test's cables and mixers lie, apart from everybody else's.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace dmasim {

class RuntimeDirectory {
 public:
  RuntimeDirectory() {
    char name[] = "/tmp/dmasim-test-XXXXXX";
    path_ = mkdtemp(name);
    setenv("XDG_RUNTIME_DIR", path_.c_str(), 1);
  }
  ~RuntimeDirectory() { std::filesystem::remove_all(path_); }
  RuntimeDirectory(const RuntimeDirectory&) = delete;
  RuntimeDirectory& operator=(const RuntimeDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace dmasim
