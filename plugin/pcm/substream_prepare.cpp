// SPDX-License-Identifier: LGPL-2.1-or-later
/// Prepare, and the check whether a start would succeed.
#include <cerrno>

#include "plugin/pcm/substream.h"

namespace dmasim {

/// alsa-lib has set its pointers to 0 before it calls this. So a prepare that fails puts the
/// application's pointer back. alsa-lib gets the hardware's pointer by the next pointer(). An error
/// changes nothing else.
Result<void> Substream::prepare() {
  MutexLock setup(setup_);
  {
    MutexLock guard(lock_);
    await_start();
    refused_by_device_ = false;
    if (const int error = state_.refusal(Hook::prepare); error != 0) {
      if (error == EBUSY) io_.set_appl_ptr(state_.pointers().appl_ptr());
      return Errno{error};
    }
    if (Result<void> refused = look_ahead(); !refused) return refused;
    begin_quiesce();
  }
  wait_quiet();
  MutexLock guard(lock_);
  perform(state_.prepare());
  return {};
}

/// prepare() already reports an error that a start would get: a short sound starts within drain,
/// and many programs ignore the answer of drain. The device is asked without lock_, since it looks
/// at files, as a start does. A start uses the device too, so start() answers EBADFD in the
/// meantime. The program may end a pause in the meantime: then the hardware runs, and prepare
/// answers EBUSY.
Result<void> Substream::look_ahead() {
  const snd_pcm_uframes_t appl_ptr = state_.pointers().appl_ptr();
  const PcmFormat format = state_.hw().format;
  starting_ = true;
  lock_.unlock();
  Result<void> looked = device_.look(format);
  lock_.lock();
  starting_ = false;
  started_.notify_all();
  refused_by_device_ = !looked;
  if (looked && !state_.hardware_runs()) return {};
  if (looked) looked = Errno{EBUSY};
  // While lock_ was released, another hook may have read alsa-lib's 0 as the position. No hook does
  // so while the hardware runs.
  if (!state_.hardware_runs()) state_.see_appl_ptr(appl_ptr);
  io_.set_appl_ptr(state_.pointers().appl_ptr());
  return looked;
}

bool Substream::refused_by_device() {
  MutexLock guard(lock_);
  return refused_by_device_;
}

}  // namespace dmasim
