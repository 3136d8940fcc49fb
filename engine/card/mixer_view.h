// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a stream knows of its card's mixer while it runs.
///
/// Looks at most once a millisecond, by one read; as long as nobody has opened the mixer there is
/// no file, and that is looked for less often.
///
/// THREADS  one object, one thread at a time. Waits for nothing but memory.
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

  /// [setup] A stream begins: looks now, and finds the mixer even where somebody has removed its
  /// directory since. A mixer that cannot be read is one that nobody has touched.
  void begin();
  /// [hardware] Looks again if it is time to. True: something has changed.
  bool look() noexcept;
  /// [hardware] Tells those who watch the mixer that a stream has begun or ended.
  void tell_stream() noexcept;

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
