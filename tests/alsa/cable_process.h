// SPDX-License-Identifier: LGPL-2.1-or-later
/// Runs a cable_partner in a process of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace dmasim::test {

class Partner {
 public:
  /// Returns when the partner's stream runs. A failed expectation if it never does.
  explicit Partner(std::vector<std::string> words);
  ~Partner();  ///< SIGKILL
  Partner(const Partner&) = delete;
  Partner& operator=(const Partner&) = delete;

  void signal(int number) const;
  /// Sends SIGKILL. Answers false if the partner had ended by itself; this is a failed expectation
  /// too.
  bool kill();
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  pid_t pid_ = 0;
};

}  // namespace dmasim::test
