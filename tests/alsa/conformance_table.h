// SPDX-License-Identifier: LGPL-2.1-or-later
/// The expected answer of each call, and the expected state after it: those of a kernel's card. If
/// alsa-lib's part of every PCM plugin answers otherwise, that answer too. A table has each call in
/// each state. A walk makes several calls one after the other.
#pragma once

#include <alsa/asoundlib.h>

#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {

/// A state, and whether the buffer is empty or full in it.
enum class Situation { open, setup, empty, full, running, xrun, paused, draining };
inline constexpr size_t kSituations = 8;
[[nodiscard]] const char* name_of(Situation situation) noexcept;
inline void PrintTo(Situation situation, std::ostream* out) { *out << name_of(situation); }

/// One call. `cells` has one cell for each situation, separated by blanks:
///   ANSWER          the answer; the state does not change
///   ANSWER>STATE    the answer, and the state afterwards
///   KERNEL|PLUGIN   two cells as above; a single one is for both
///   -               the call is not made: its answer does not depend on the state
/// An answer is an errno's name or a number. A number of frames can also be `part` (of the buffer),
/// `all` (of it), `over` (more than it), `period`, or `few` (EAGAIN, or the frames that came in the
/// meantime). For poll it is `quiet`, `ready` or `error`.
struct ConformanceRow {
  const char* call;
  long (*make)(snd_pcm_t* pcm, const PcmSetup& setup);
  const char* cells;
};

[[nodiscard]] std::span<const ConformanceRow> playback_rows() noexcept;
[[nodiscard]] std::span<const ConformanceRow> capture_rows() noexcept;

/// The answer of a call, and the state after it.
struct Outcome {
  long answer = 0;
  snd_pcm_state_t state = SND_PCM_STATE_OPEN;
};

[[nodiscard]] std::string cell_of(const ConformanceRow& row, Situation situation);

/// One of the two sides of a cell.
class Expectation {
 public:
  /// With `plugin` the second side of the cell, if there is one.
  Expectation(const std::string& cell, bool plugin);

  [[nodiscard]] bool asked() const noexcept { return answer_ != "-"; }
  [[nodiscard]] bool plugin_differs() const noexcept { return plugin_differs_; }
  [[nodiscard]] bool holds(const Outcome& outcome, snd_pcm_state_t before,
                           const PcmSetup& setup) const;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  std::string answer_;
  std::string state_;  ///< empty: the same as before the call
  bool plugin_differs_ = false;
};

[[nodiscard]] std::string describe(const Outcome& outcome);

/// One call of a walk, and the cell with its expected outcome.
struct Step {
  std::string call;
  std::function<long(snd_pcm_t* pcm)> make;
  std::string cell;
};

/// A walk begins in PREPARED, with `setup`. The stream starts by itself if `setup` says so.
struct Walk {
  std::string name;
  snd_pcm_stream_t stream;
  PcmSetup setup;
  std::vector<Step> steps;
};
[[nodiscard]] std::vector<Walk> walks();

}  // namespace dmasim::test
