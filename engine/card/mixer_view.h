// SPDX-License-Identifier: LGPL-2.1-or-later
/// The mixer of a stream's card, as the stream sees it while it runs.
///
/// It reads the file at most once in a millisecond, with one read. While no program has opened the
/// mixer there is no file; the view looks for one ten times a second.
///
/// THREADS  one object, one thread at a time. No call waits; the file lies in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/never.h"
#include "engine/base/unique_fd.h"
#include "engine/card/cable_directory.h"
#include "engine/card/mixer_file.h"

namespace dmasim {

class MixerView {
 public:
  MixerView(std::string card, std::shared_ptr<const Clock> clock,
            CableDirectory place = CableDirectory::find())
      : card_(std::move(card)), place_(std::move(place)), clock_(std::move(clock)) {}

  /// [setup] Call it when a stream begins. Reads the mixer now, and finds it even if its directory
  /// was removed and made anew since the last time. If the mixer cannot be read, the defaults hold.
  void begin();
  /// [hardware] Reads the mixer again if it is time to. Answers true if something has changed.
  bool look() noexcept;
  /// [hardware] Notifies the programs that watch the mixer that a stream has begun or ended.
  void notify_stream() noexcept;

  [[nodiscard]] const MixerRecord& record() const noexcept { return record_; }

 private:
  bool find_file() noexcept;
  bool load() noexcept;

  const std::string card_;
  const CableDirectory place_;
  const std::shared_ptr<const Clock> clock_;
  UniqueFd directory_;
  MixerFile file_;
  MixerRecord record_ = MixerRecord::defaults();
  int64_t look_again_ns_ = -kNever;
};

}  // namespace dmasim
