// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "engine/base/clock.h"

namespace dmasim::stress {

/// CLOCK_MONOTONIC. It remembers for each thread the last time that it returned. So a test knows
/// which time a call of the engine has used.
class WitnessClock final : public Clock {
 public:
  [[nodiscard]] int64_t now_ns() const noexcept override {
    last_ns_ = RealtimeClock().now_ns();
    return last_ns_;
  }
  [[nodiscard]] int64_t wake_up_ns(int64_t deadline_ns) const noexcept override {
    return deadline_ns;
  }
  [[nodiscard]] static int64_t last_ns() noexcept { return last_ns_; }

 private:
  inline static thread_local int64_t last_ns_ = 0;
};

}  // namespace dmasim::stress
