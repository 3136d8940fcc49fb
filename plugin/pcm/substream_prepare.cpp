// SPDX-License-Identifier: LGPL-2.1-or-later
/// Prepare, and the look at what a start will need.
#include <cerrno>
#include <new>

#include "plugin/pcm/substream.h"

namespace dmasim {

/// alsa-lib has zeroed its pointers already, so a refusal gives the application's one back; the
/// hardware's follows with the next pointer(). Nothing else has changed by then: what is prepared
/// or paused is so still, and what is in SETUP or XRUN stays there.
Result<void> Substream::prepare() {
  MutexLock setup(setup_);
  {
    MutexLock guard(lock_);
    await_start();
    refused_by_device_ = false;
    if (hardware_runs()) {
      io_.set_appl_ptr(pointers_.appl_ptr());
      return Errno{EBUSY};
    }
    if (!ring_) return Errno{EBADFD};
    if (Result<void> refused = look_ahead(); !refused) return refused;
    begin_quiesce();
  }
  wait_quiet();
  MutexLock guard(lock_);
  quiescing_ = false;
  pointers_.reset();
  in_flight_frames_ = 0;
  ticked_ = false;
  told_ = {};
  phase_ = Phase::prepared;
  publish();
  return {};
}

/// A program is told now what would refuse its start: a short sound starts within drain, whose
/// answer many forget. Files are looked at with the lock open, as a start makes them, and so a
/// start, which uses the device as well, is refused meanwhile. A pause may end: then the hardware
/// runs.
Result<void> Substream::look_ahead() {
  const snd_pcm_uframes_t appl_ptr = pointers_.appl_ptr();
  const PcmFormat format = hw_.format;
  starting_ = true;
  lock_.unlock();
  Result<void> looked = look_at_device(format);
  lock_.lock();
  starting_ = false;
  started_.notify_all();
  refused_by_device_ = !looked;
  if (looked && !hardware_runs()) return {};
  if (looked) looked = Errno{EBUSY};
  // Another hook may have believed alsa-lib's zero. Of what runs it is not believed.
  if (!hardware_runs()) pointers_.show_appl_ptr(appl_ptr);
  io_.set_appl_ptr(pointers_.appl_ptr());
  return looked;
}

bool Substream::refused_by_device() {
  MutexLock guard(lock_);
  return refused_by_device_;
}

Result<void> Substream::look_at_device(const PcmFormat& format) try {
  return playback() ? parts_.sink->look(format) : parts_.source->look(format);
} catch (const std::bad_alloc&) {
  return Errno{ENOMEM};
}

}  // namespace dmasim
