// SPDX-License-Identifier: LGPL-2.1-or-later
/// Detects changes of memory that no image of a run contains: the program's statics, and the local
/// variables of the functions that called explore().
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace dmasim::sim {

class Bystanders {
 public:
  /// Copies the memory as it is now. `callers` is the address at which the stack frames of the
  /// callers begin.
  explicit Bystanders(const void* callers);
  /// False if the memory differs from the copy.
  [[nodiscard]] bool unchanged() const;

 private:
  struct Copy {
    std::span<const std::byte> original;
    std::vector<std::byte> bytes;
  };
  void watch(const void* begin, const void* end);

  std::vector<Copy> copies_;
};

}  // namespace dmasim::sim
