// SPDX-License-Identifier: LGPL-2.1-or-later
/// System calls that fail at a chosen moment. A program that links refused_call.cpp uses the calls
/// that are defined there. A module that it loads uses them too, if the program exports its
/// symbols.
#pragma once

#include <functional>
#include <string_view>

namespace dmasim {

/// Within its scope this thread's n-th call of `name` fails with `error` and does nothing. The
/// first call is 1. Only one object may exist at a time.
class RefusedCall {
 public:
  RefusedCall(std::string_view name, int error, int which = 1) noexcept;
  ~RefusedCall();
  RefusedCall(const RefusedCall&) = delete;
  RefusedCall& operator=(const RefusedCall&) = delete;
  /// Says whether the n-th call has happened.
  [[nodiscard]] bool happened() const noexcept;
};

/// Within its scope `during` runs once, within this thread's n-th call of `name`, before the call
/// does anything. The call then succeeds or fails as ever. Not together with a RefusedCall.
class InterruptedCall {
 public:
  InterruptedCall(std::string_view name, std::function<void()> during, int which = 1);
  ~InterruptedCall();
  InterruptedCall(const InterruptedCall&) = delete;
  InterruptedCall& operator=(const InterruptedCall&) = delete;
  /// Says whether the n-th call has happened.
  [[nodiscard]] bool happened() const noexcept;

 private:
  const std::function<void()> during_;
};

/// An `error` for RefusedCall: the call moves nothing and gives no error, as a full device may do.
inline constexpr int kNothingDone = 0;

/// For functions of the program that replace a library's: says whether this call of `name` is the
/// one that must fail. refused_with() is the error then.
[[nodiscard]] bool call_is_refused(std::string_view name) noexcept;
[[nodiscard]] int refused_with() noexcept;

}  // namespace dmasim
