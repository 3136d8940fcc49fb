// SPDX-License-Identifier: LGPL-2.1-or-later
/// Calls of the system that fail at a chosen moment. A program that links refused_call.cpp has the
/// calls listed there from there, and so has a module that it loads if it exports its symbols.
#pragma once

#include <string_view>

namespace dmasim {

/// While this lives, this thread's n-th call of `name` fails with `error` and does nothing; the
/// first is 1. One at a time.
class RefusedCall {
 public:
  RefusedCall(std::string_view name, int error, int which = 1) noexcept;
  ~RefusedCall();
  RefusedCall(const RefusedCall&) = delete;
  RefusedCall& operator=(const RefusedCall&) = delete;
  /// Whether there were so many calls.
  [[nodiscard]] bool happened() const noexcept;
};

/// For the call that is refused now: it moves nothing, without an error, as a full device may.
inline constexpr int kNothingDone = 0;

/// For a program's own functions in place of a library's: whether this call of `name` is the one
/// that fails, and with what.
[[nodiscard]] bool call_is_refused(std::string_view name) noexcept;
[[nodiscard]] int refused_with() noexcept;

}  // namespace dmasim
