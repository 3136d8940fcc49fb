// SPDX-License-Identifier: LGPL-2.1-or-later
/// Drain: the stream runs on to the last committed frame, and a program may wait for the end.
#include <cerrno>

#include "plugin/pcm/substream.h"
#include "plugin/process/signals.h"

namespace dmasim {

Result<void> Substream::drain() {
  {
    MutexLock guard(lock_);
    if (Result<void> begun = begin_drain(); !begun) return begun;
    state_.begin_wait();
  }
  Result<void> drained = wait_drained();
  if (drained) drained = device_.flush();
  MutexLock guard(lock_);
  perform(state_.end_wait(!drained.ok()));
  return drained;
}

/// alsa-lib shows DRAINING already. If there is a drain hook, alsa-lib does not start a PREPARED
/// stream itself. When the hook returns without an error, alsa-lib drops a stream that is not in
/// SETUP.
Result<void> Substream::begin_drain() {
  await_start();
  if (const int error = state_.refusal(Hook::drain); error != 0) return Errno{error};
  refresh_appl_ptr();
  if (state_.phase() == Phase::prepared && state_.playback() && state_.pointers().lead() > 0) {
    if (Result<void> started = start_prepared(); !started) {
      if (state_.phase() == Phase::prepared) io_.set_state(SND_PCM_STATE_PREPARED);
      return started;
    }
  }
  if (state_.phase() != Phase::prepared) update();  // an xrun up to this moment comes first
  perform(state_.drain(io_.nonblock() == 0));
  if (state_.phase() == Phase::draining) {
    fill_silence(state_.silence_of_the_rest());
    commit();  // a free run ends here
  }
  return {};
}

/// Waits in poll(), because a signal interrupts it. snd_pcm_abort wakes a drain only by a signal.
Result<void> Substream::wait_drained() {
  for (bool interrupted = false;; interrupted = !poll_.wait() && signals_interrupt()) {
    MutexLock guard(lock_);
    if (pace()) update();  // a rewind by another thread may have ended the drain
    if (const auto answer = state_.drain_answer(io_.nonblock(), interrupted)) return *answer;
  }
}

}  // namespace dmasim
