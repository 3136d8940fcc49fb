// SPDX-License-Identifier: LGPL-2.1-or-later
/// A cable_partner in a process of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace dmasim::test {

class Partner {
 public:
  /// Its stream runs when this returns; a failed expectation if it never does.
  explicit Partner(std::vector<std::string> words);
  ~Partner();  ///< SIGKILL
  Partner(const Partner&) = delete;
  Partner& operator=(const Partner&) = delete;

  void signal(int number) const;
  /// SIGKILL. False if it had ended by itself, which is a failed expectation too.
  bool kill();
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  pid_t pid_ = 0;
};

}  // namespace dmasim::test
