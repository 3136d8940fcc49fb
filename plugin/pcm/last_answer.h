// SPDX-License-Identifier: LGPL-2.1-or-later
/// The last answer of pointer(), and what the answer depends on.
///
/// snd_pcm_htimestamp calls until it has got the same position twice, and running hardware moves
/// between two calls. So a second call in a row gets the answer of the first: if it comes soon
/// enough, and if nothing has happened in between. A third call looks at the hardware again, so
/// that a program which calls again and again sees the hardware move.
#pragma once

#include <alsa/asoundlib.h>

#include <cstdint>

namespace dmasim {

/// PURE.
class LastAnswer {
 public:
  struct Position {
    snd_pcm_uframes_t answer = 0;
    uint64_t hw_frames = 0;
    size_t in_flight_frames = 0;
    snd_pcm_uframes_t appl_ptr = 0;
  };

  void reset() noexcept { *this = {}; }
  /// `now_ns` is the time when the answer was complete, so it does not matter how long a look
  /// takes.
  void set(const Position& position, int64_t now_ns) noexcept;
  /// The next call gets a new position.
  void expire() noexcept { repeats_ = false; }

  /// Says whether the next call may get this answer. True once for each answer.
  [[nodiscard]] bool use_repeat() noexcept;
  /// Says whether `now_ns` is the same moment for a program.
  [[nodiscard]] bool is_recent(int64_t now_ns) const noexcept;
  [[nodiscard]] const Position& position() const noexcept { return position_; }

 private:
  Position position_;
  int64_t at_ns_ = 0;
  bool repeats_ = false;
};

}  // namespace dmasim
