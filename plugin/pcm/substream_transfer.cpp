// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames move between the program and the ring.
#include <algorithm>
#include <cerrno>

#include "plugin/pcm/substream.h"

namespace dmasim {

Result<snd_pcm_uframes_t> Substream::transfer(const snd_pcm_channel_area_t* areas,
                                              snd_pcm_uframes_t offset, snd_pcm_uframes_t size) {
  MutexLock guard(lock_);
  acknowledge_xrun();
  if (const int error = state_.refusal(Hook::transfer); error != 0) return Errno{error};
  refresh_appl_ptr();
  if (state_.playback()) return copy_from_client(areas, offset, size);
  return copy_to_client(areas, offset, size);
}

/// The frames that this answers as taken are played, unless the program drops them. An xrun that
/// came before the write makes it fail. A later xrun can only come behind these frames.
Result<snd_pcm_uframes_t> Substream::copy_from_client(const snd_pcm_channel_area_t* areas,
                                                      snd_pcm_uframes_t offset,
                                                      snd_pcm_uframes_t size) {
  const bool mmap = state_.hw().mmap;
  if (mmap) mapped_ = areas;
  const Pointers& pointers = state_.pointers();
  const snd_pcm_uframes_t from = pointers.appl_ptr();
  const uint64_t from_frames = pointers.appl_frames();
  move_slots(size);
  ring_areas_.copy_in(*channel_, from % pointers.buffer_size(), areas, offset, size);
  report_free_run_changes({.start_frames = from_frames, .count_frames = size});
  io_.set_appl_ptr(state_.transferred(size));
  update_after_write(from_frames);
  if (state_.phase() != Phase::xrun || mmap) return size;
  io_.set_appl_ptr(from);
  acknowledge_xrun();
  return Errno{EPIPE};
}

Result<snd_pcm_uframes_t> Substream::copy_to_client(const snd_pcm_channel_area_t* areas,
                                                    snd_pcm_uframes_t offset,
                                                    snd_pcm_uframes_t size) {
  const Pointers& pointers = state_.pointers();
  const snd_pcm_uframes_t at = pointers.appl_ptr() % pointers.buffer_size();
  if (state_.hw().mmap) {
    // Copies all available frames, not only this piece: PipeWire reads on across the ring's end.
    const snd_pcm_uframes_t filled = std::min(pointers.avail(), pointers.buffer_size());
    const snd_pcm_uframes_t count = std::max(filled, size);
    move_slots(count);
    ring_areas_.copy_out_wrapped(*channel_, at, areas, offset, count);
    return size;
  }
  move_slots(size);
  ring_areas_.copy_out(*channel_, at, areas, offset, size);
  update_position();  // the DMA may have overwritten these frames while they were copied
  if (state_.phase() == Phase::xrun) {
    acknowledge_xrun();
    return Errno{EPIPE};
  }
  io_.set_appl_ptr(state_.transferred(size));
  perform(state_.readiness());
  return size;
}

/// The program is about to use the ring's slots of its next `frames` frames. The position may say
/// that the hardware is through with them while the DMA has not moved them yet.
void Substream::move_slots(snd_pcm_uframes_t frames) {
  if (!state_.hardware_runs() || state_.slots_are_moved(frames)) return;
  if (state_.playback()) {
    catch_up();
  } else {
    update();  // the source may have ended
  }
}

/// Copies the committed frames of a mapped buffer again. Until the start the program may change
/// them, and the changed frames are played.
void Substream::copy_mapped() {
  if (mapped_ == nullptr) return;
  const Pointers& pointers = state_.pointers();
  const auto ahead = std::min<uint64_t>(pointers.appl_frames(), pointers.buffer_size());
  ring_areas_.copy_in(*channel_, 0, mapped_, 0, ahead);
}

/// In a free run the hardware plays these frames without a commit, so the sink gets them here.
void Substream::fill_silence(const FrameSpan& span) {
  if (span.empty()) return;
  ring_areas_.silence(*channel_, span.start_frames % state_.pointers().buffer_size(),
                      span.count_frames);
  report_free_run_changes(span);
}

}  // namespace dmasim
