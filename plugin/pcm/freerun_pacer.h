// SPDX-License-Identifier: LGPL-2.1-or-later
/// How far the hardware of a freerun stream goes when the program asks for its position. No time
/// passes there but by what the program does: docs/freerun.md has the rules.
#pragma once

#include <cstdint>

namespace dmasim {

/// PURE. Frames are counted from the start on.
class FreerunPacer {
 public:
  /// After this many questions in a row, without a frame written or read in between, the program
  /// seems to wait for something else than room or frames.
  static constexpr unsigned kPatientQuestions = 16;

  /// What the program sees.
  struct View {
    uint64_t hw_frames = 0;
    uint64_t appl_frames = 0;
    uint64_t ready_at_frames = 0;  ///< the position from which on avail_min is reached
    uint64_t xrun_at_frames = 0;   ///< the first position that is an xrun; UINT64_MAX: none is
    uint64_t period_frames = 1;
  };

  void start() noexcept { *this = {}; }
  /// The program asks. Answers up to where the hardware goes before it gets the answer.
  [[nodiscard]] uint64_t go_to(const View& view) noexcept;

 private:
  uint64_t appl_frames_ = 0;
  unsigned questions_ = 0;  // in a row
};

}  // namespace dmasim
