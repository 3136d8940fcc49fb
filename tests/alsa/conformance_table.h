// SPDX-License-Identifier: LGPL-2.1-or-later
/// What calls answer, and the state that they leave: the kernel's answer, and, where alsa-lib's
/// part of every PCM plugin answers otherwise, that. A table has each call in each state, and walks
/// are calls one after the other.
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

/// A state, and what the stream holds in it.
enum class Situation { open, setup, empty, full, running, xrun, paused, draining };
inline constexpr size_t kSituations = 8;
[[nodiscard]] const char* name_of(Situation situation) noexcept;
inline void PrintTo(Situation situation, std::ostream* out) { *out << name_of(situation); }

/// One call. `cells` are separated by blanks, one for each situation:
///   ANSWER          and the state stays
///   ANSWER>STATE    and the state is that
///   KERNEL|PLUGIN   each as above; a single one holds for both
///   -               is not asked: the answer is no matter of the state
/// Answers: an errno's name, a number, or for frames `part` (of the buffer), `all` (of it), `over`
/// (more than it), `period`, `few` (EAGAIN, or what came meanwhile); for poll `quiet`, `ready`,
/// `error`.
struct ConformanceRow {
  const char* call;
  long (*make)(snd_pcm_t* pcm, const PcmSetup& setup);
  const char* cells;
};

[[nodiscard]] std::span<const ConformanceRow> playback_rows() noexcept;
[[nodiscard]] std::span<const ConformanceRow> capture_rows() noexcept;

/// What a call came to.
struct Outcome {
  long answer = 0;
  snd_pcm_state_t state = SND_PCM_STATE_OPEN;
};

[[nodiscard]] std::string cell_of(const ConformanceRow& row, Situation situation);

/// One side of a cell.
class Expectation {
 public:
  /// `plugin`: the second side, if there is one.
  Expectation(const std::string& cell, bool plugin);

  [[nodiscard]] bool asked() const noexcept { return answer_ != "-"; }
  [[nodiscard]] bool plugin_differs() const noexcept { return plugin_differs_; }
  [[nodiscard]] bool holds(const Outcome& outcome, snd_pcm_state_t before,
                           const PcmSetup& setup) const;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  std::string answer_;
  std::string state_;  ///< empty: as before
  bool plugin_differs_ = false;
};

[[nodiscard]] std::string describe(const Outcome& outcome);

/// A call of a walk, and its cell.
struct Step {
  std::string call;
  std::function<long(snd_pcm_t* pcm)> make;
  std::string cell;
};

/// Begins in PREPARED, with `setup`; the stream starts by itself as `setup` says.
struct Walk {
  std::string name;
  snd_pcm_stream_t stream;
  PcmSetup setup;
  std::vector<Step> steps;
};
[[nodiscard]] std::vector<Walk> walks();

}  // namespace dmasim::test
