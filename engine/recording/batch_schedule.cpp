// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/recording/batch_schedule.h"

namespace dmasim {

bool BatchSchedule::due(int64_t now_ns, bool waiting, bool urgent) noexcept {
  const bool is_time = now_ns >= due_ns_;
  if (urgent || (waiting && is_time)) {
    due_ns_ = time_after(now_ns, interval_ns_);
    return true;
  }
  if (!waiting && is_time) due_ns_ = kNever;
  if (waiting && due_ns_ == kNever) due_ns_ = time_after(now_ns, interval_ns_);
  return false;
}

}  // namespace dmasim
