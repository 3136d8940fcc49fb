// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a channel's interrupts did, for reports and tests.
#pragma once

#include <array>
#include <cstdint>

namespace dmasim {

/// A histogram of lateness: four buckets for each doubling, so a quantile is right within 19 %.
/// PURE.
class LatenessHistogram {
 public:
  void add(int64_t lateness_ns) noexcept;
  void merge(const LatenessHistogram& other) noexcept;
  /// Upper edge of the bucket that holds quantile `q` (0..1); 0 when empty.
  [[nodiscard]] int64_t quantile_ns(double q) const noexcept;
  [[nodiscard]] int64_t max_ns() const noexcept { return max_ns_; }
  [[nodiscard]] uint64_t count() const noexcept { return count_; }

 private:
  std::array<uint32_t, 256> buckets_{};
  uint64_t count_ = 0;
  int64_t max_ns_ = 0;
};

/// Once a channel is idle: periods_due = callbacks + coalesced + dropped.
struct IrqStats {
  uint64_t periods_due = 0;  ///< period boundaries that the hardware passed
  uint64_t callbacks = 0;    ///< period callbacks begun
  uint64_t coalesced = 0;    ///< boundaries that shared the callback of a later one
  uint64_t dropped = 0;      ///< boundaries that were due when their transfer was terminated
  uint64_t alarms = 0;       ///< alarm callbacks begun
  uint64_t terminations_in_callback = 0;
  uint64_t callbacks_after_synchronize = 0;  ///< the contract is broken if not 0
  LatenessHistogram lateness;                ///< of period callbacks, since their boundary
};

}  // namespace dmasim
