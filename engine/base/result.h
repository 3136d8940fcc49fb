// SPDX-License-Identifier: LGPL-2.1-or-later
/// The results of engine calls that can fail: a value or an errno, never both. The compiler warns
/// if a result is ignored. Only the plugin turns them into ALSA's negative numbers.
#pragma once

#include <cassert>
#include <optional>
#include <utility>

namespace dmasim {

/// A positive errno value (EINVAL, EBUSY, ...).
struct [[nodiscard]] Errno {
  int value;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Errno error) : error_(error.value) { assert(error.value > 0); }

  [[nodiscard]] bool ok() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  /// 0 when ok().
  [[nodiscard]] int error() const noexcept { return error_; }
  [[nodiscard]] Errno as_errno() const noexcept { return Errno{error_}; }

  T& operator*() & noexcept { return *value_; }
  const T& operator*() const& noexcept { return *value_; }
  T&& operator*() && noexcept { return std::move(*value_); }
  T* operator->() noexcept { return &*value_; }
  const T* operator->() const noexcept { return &*value_; }

 private:
  std::optional<T> value_;
  int error_ = 0;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Errno error) : error_(error.value) { assert(error.value > 0); }

  [[nodiscard]] bool ok() const noexcept { return error_ == 0; }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] int error() const noexcept { return error_; }
  [[nodiscard]] Errno as_errno() const noexcept { return Errno{error_}; }

 private:
  int error_ = 0;
};

}  // namespace dmasim
