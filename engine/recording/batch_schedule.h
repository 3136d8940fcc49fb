// SPDX-License-Identifier: LGPL-2.1-or-later
/// When a recorder's thread writes the frames that wait for it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/never.h"

namespace dmasim {

/// now_ns + delta_ns, or kNever if that is more.
[[nodiscard]] constexpr int64_t time_after(int64_t now_ns, int64_t delta_ns) noexcept {
  return delta_ns < kNever - now_ns ? now_ns + delta_ns : kNever;
}

/// Frames are written in batches. A batch is due `interval_ns` after the first frame that comes
/// while nothing is due, and after each batch. If no frame has come by then, nothing is due until
/// one comes. So a stream that runs need not wake the thread, and a stream that has ended does not
/// wake it either.
///
/// PURE.
class BatchSchedule {
 public:
  explicit BatchSchedule(int64_t interval_ns) noexcept
      : interval_ns_(std::max<int64_t>(interval_ns, 0)) {}

  /// Says whether to write a batch now. `waiting`: frames wait. `urgent`: they, or something else,
  /// may not wait any longer. If the answer is true, the caller writes a batch.
  [[nodiscard]] bool due(int64_t now_ns, bool waiting, bool urgent) noexcept;
  /// After due() was false: when to ask again, unless something urgent comes. kNever: when a frame
  /// comes.
  [[nodiscard]] int64_t due_ns() const noexcept { return due_ns_; }

 private:
  const int64_t interval_ns_;
  int64_t due_ns_ = kNever;
};

}  // namespace dmasim
