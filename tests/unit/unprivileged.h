// SPDX-License-Identifier: LGPL-2.1-or-later
/// A user to whom the system can refuse access, even if root runs the tests.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace dmasim {

/// Within its scope root becomes the user nobody. Another user stays as it is.
class Unprivileged {
 public:
  Unprivileged() : was_(geteuid()) {
    if (was_ == 0) {
      EXPECT_EQ(seteuid(kNobody), 0);
    }
  }
  ~Unprivileged() {
    if (was_ == 0) {
      EXPECT_EQ(seteuid(was_), 0);
    }
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  const uid_t was_;
};

/// Says whether that user can use temporary files. In some containers only root can enter "/": a
/// test of permissions is skipped there.
inline bool unprivileged_has_files() {
  const Unprivileged somebody;
  std::error_code refused;
  const std::string files = std::filesystem::temp_directory_path(refused);
  return !refused && faccessat(AT_FDCWD, files.c_str(), X_OK, AT_EACCESS) == 0;
}

}  // namespace dmasim
