// SPDX-License-Identifier: LGPL-2.1-or-later
/// The memory of a cyclic transfer. Its owner frees it, after synchronize().
#pragma once

#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>
#include <span>

#include "engine/base/result.h"

namespace dmasim {

class Ring {
 public:
  Ring() = default;

  /// Errors: ENOMEM.
  static Result<Ring> allocate(size_t bytes) {
    Ring ring;
    ring.memory_.reset(new (std::nothrow) std::byte[bytes]);
    if (!ring.memory_) return Errno{ENOMEM};
    ring.bytes_ = bytes;
    return ring;
  }

  [[nodiscard]] std::span<std::byte> span() const noexcept { return {memory_.get(), bytes_}; }
  explicit operator bool() const noexcept { return memory_ != nullptr; }

 private:
  std::unique_ptr<std::byte[]> memory_;
  size_t bytes_ = 0;
};

}  // namespace dmasim
