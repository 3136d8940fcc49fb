// SPDX-License-Identifier: LGPL-2.1-or-later
/// Tells whether the process has forked since an object was made: the child has no engine threads
/// and must not touch a mutex that one of them may have held.
#pragma once

namespace dmasim {

class ForkGuard {
 public:
  ForkGuard() noexcept;
  /// No system call.
  [[nodiscard]] bool in_child() const noexcept;

 private:
  unsigned made_in_;
};

}  // namespace dmasim
