// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/freerun_pacer.h"

#include <algorithm>

namespace dmasim {
namespace {

uint64_t round_up(uint64_t frames, uint64_t period_frames) noexcept {
  return (frames + period_frames - 1) / period_frames * period_frames;
}

}  // namespace

/// The hardware stops one frame before an xrun. A program that goes on to ask gets there in the
/// end.
uint64_t FreerunPacer::go_to(const View& view) noexcept {
  if (view.appl_frames != appl_frames_) questions_ = 0;
  appl_frames_ = view.appl_frames;
  const bool patient = questions_ < kPatientQuestions;
  if (patient) ++questions_;
  const bool ready = view.hw_frames >= view.ready_at_frames;
  if (ready && patient) return view.hw_frames;
  const bool at_the_end = view.hw_frames + 1 >= view.xrun_at_frames;
  if (at_the_end) return patient ? view.hw_frames : view.xrun_at_frames;
  const uint64_t wanted = ready ? view.hw_frames + 1 : view.ready_at_frames;
  return std::min(round_up(wanted, view.period_frames), view.xrun_at_frames - 1);
}

}  // namespace dmasim
