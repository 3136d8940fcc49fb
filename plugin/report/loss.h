// SPDX-License-Identifier: LGPL-2.1-or-later
/// The messages about frames that were played but lost on the way to the file or cable.
#pragma once

#include <string>

#include "engine/base/sync.h"
#include "engine/device/sink.h"
#include "plugin/config/pcm_config.h"

namespace dmasim {

/// `recording` is the file's name, empty without one.
///
/// THREADS  any.
class LossWords {
 public:
  /// For a drain that answers EIO: how many frames were lost since the last message, and why.
  [[nodiscard]] std::string at_drain(const PcmConfig& config, const std::string& recording,
                                     const SinkStats& stats) DMASIM_EXCLUDES(lock_);
  /// For close: the losses that no drain has reported. Empty if there are none.
  [[nodiscard]] std::string at_close(const PcmConfig& config, const std::string& recording,
                                     const SinkStats& stats) DMASIM_EXCLUDES(lock_);

 private:
  [[nodiscard]] std::string loss(const SinkStats& stats) DMASIM_REQUIRES(lock_);

  Mutex lock_;
  uint64_t reported_written_frames_ DMASIM_GUARDED_BY(lock_) = 0;
  uint64_t reported_lost_frames_ DMASIM_GUARDED_BY(lock_) = 0;
};

}  // namespace dmasim
