// SPDX-License-Identifier: LGPL-2.1-or-later
/// Fills the ring of a playback with silence, for the case that the program is late.
#include "plugin/pcm/substream.h"

namespace dmasim {

void Substream::silence(const FrameSpan& span) {
  if (span.count_frames == 0) return;
  ring_areas_.silence(*channel_, span.start_frames % hw_.buffer_size, span.count_frames);
  run_over_changed(span);
}

/// Called at a start, and by sw_params() while the hardware runs.
void Substream::begin_silence() {
  silence_.reset();
  if (!playback() || sw_.silence_size == 0) return;
  if (endless_silence()) {
    silence_the_rest();
  } else {
    silence_ahead(pointers_.hw_frames());
  }
}

/// Fills all frames that do not wait to be played. A drain calls it too, because the hardware does
/// not stop before the interrupt.
void Substream::silence_the_rest() {
  silence(Silence::all_but_ahead(pointers_.appl_frames(), pointers_.hw_frames(), hw_.buffer_size));
}

/// The hardware has moved from `before` to its position. The program has not yet written there
/// again: it gets the new position from the substream only after this.
void Substream::silence_passed(uint64_t before) {
  if (!playback() || !endless_silence()) return;
  silence(Silence::passed(before, pointers_.hw_frames(), hw_.buffer_size));
}

/// Counts from the period's end, even if the interrupt is late.
void Substream::silence_at_tick() {
  if (!playback() || !hardware_runs() || sw_.silence_size == 0 || endless_silence()) return;
  const uint64_t hw_frames = pointers_.hw_frames();
  silence_ahead(hw_frames - hw_frames % hw_.period_size);
}

void Substream::silence_ahead(uint64_t hw_frames) {
  silence(
      silence_.ahead(pointers_.appl_frames(), hw_frames, sw_.silence_threshold, sw_.silence_size));
}

}  // namespace dmasim
