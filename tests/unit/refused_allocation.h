// SPDX-License-Identifier: LGPL-2.1-or-later
/// Memory that runs out at a chosen moment. A program that links refused_allocation.cpp has
/// operator new from there.
#pragma once

#include <cerrno>
#include <cstddef>
#include <new>
#include <utility>

namespace dmasim {

/// While this lives, this thread's n-th call of operator new throws std::bad_alloc; the first is 1.
/// One at a time.
class RefusedAllocation {
 public:
  explicit RefusedAllocation(size_t which) noexcept;
  ~RefusedAllocation();
  RefusedAllocation(const RefusedAllocation&) = delete;
  RefusedAllocation& operator=(const RefusedAllocation&) = delete;
  /// Whether there were so many calls.
  [[nodiscard]] bool happened() const noexcept;
};

/// Blocks of operator new that all threads hold now.
[[nodiscard]] long live_blocks() noexcept;

inline constexpr size_t kMostAllocations = 10'000;

/// Runs `call` with its first allocation refused, then with its second, up to the run that has
/// fewer: nothing is refused in that one. After each run `check(answer, refused)` looks at what the
/// call has answered. Answers how many were refused.
template <typename Call, typename Check>
size_t refuse_each_allocation(Call call, Check check) {
  for (size_t which = 1; which < kMostAllocations; ++which) {
    const auto [answer, refused] = [&] {
      const RefusedAllocation nth(which);
      auto answered = call();
      return std::pair(std::move(answered), nth.happened());
    }();
    check(answer, refused);
    if (!refused) return which - 1;
  }
  return kMostAllocations;
}

/// The errno of a Result, or of memory that `call` found none of.
template <typename Call>
int error_of(Call call) noexcept {
  try {
    return call().error();
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

}  // namespace dmasim
