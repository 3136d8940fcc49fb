// SPDX-License-Identifier: LGPL-2.1-or-later
/// A user to whom the system can refuse something, also where root runs the tests.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

namespace dmasim {

/// For a scope, root is nobody. Who is not root stays who he is.
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

}  // namespace dmasim
