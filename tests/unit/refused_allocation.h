// SPDX-License-Identifier: LGPL-2.1-or-later
/// Memory that runs out at a chosen moment. A program that links refused_allocation.cpp gets its
/// operator new.
#pragma once

#include <cerrno>
#include <cstddef>
#include <new>
#include <utility>

namespace dmasim {

/// Within its scope this thread's n-th call of operator new throws std::bad_alloc. The first call
/// is
/// 1. Only one object may exist at a time.
class RefusedAllocation {
 public:
  explicit RefusedAllocation(size_t which) noexcept;
  ~RefusedAllocation();
  RefusedAllocation(const RefusedAllocation&) = delete;
  RefusedAllocation& operator=(const RefusedAllocation&) = delete;
  /// Says whether the n-th call has happened.
  [[nodiscard]] bool happened() const noexcept;
};

/// The number of blocks that all threads have now from operator new.
[[nodiscard]] long live_blocks() noexcept;

inline constexpr size_t kMostAllocations = 10'000;

/// Runs `call` with its first allocation refused, then with its second, and so on. It ends with the
/// run that has fewer allocations, in which none is refused. After each run it calls
/// `check(answer, refused)` with the call's answer. Answers how many allocations were refused.
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

/// The errno of the Result of `call`; ENOMEM if `call` throws std::bad_alloc.
template <typename Call>
int error_of(Call call) noexcept {
  try {
    return call().error();
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

}  // namespace dmasim
