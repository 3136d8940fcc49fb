// SPDX-License-Identifier: LGPL-2.1-or-later
/// Watches the memory that a program can change but that images of its runs do not have: its
/// statics, and the variables of those who called explore().
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace dmasim::sim {

class Bystanders {
 public:
  /// `callers`: where on the stack the callers' frames begin. Watches from now on.
  explicit Bystanders(const void* callers);
  /// False when something is not as it was.
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
