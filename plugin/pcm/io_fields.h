// SPDX-License-Identifier: LGPL-2.1-or-later
/// The words of snd_pcm_ioplug_t that alsa-lib and we both touch while a stream lives.
///
/// alsa-lib stores `state`, `appl_ptr` and `nonblock` plainly, under a lock that is not ours or
/// under none. Each is an aligned word, so one atomic load or store each way is all there is to do;
/// what the values mean is Substream's business, which calls everything here under its own lock.
/// The bodies are a link seam, as those of sync.h: the schedule explorer yields around each of
/// them.
#pragma once

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

namespace dmasim {

class IoFields {
 public:
  explicit IoFields(snd_pcm_ioplug_t& io) noexcept : io_(io) {}

  /// A kernel shows XRUN with no other call made; so a completion callback has to store it here.
  void set_state(snd_pcm_state_t state) noexcept;

  /// Rewind, forward and a committing MMAP capture move it with no hook: read it anew each time.
  [[nodiscard]] snd_pcm_uframes_t appl_ptr() const noexcept;
  /// alsa-lib zeroes it before it asks whether prepare is allowed; a refusal puts it back. And it
  /// moves it after a transfer, which marks it until then.
  void set_appl_ptr(snd_pcm_uframes_t appl_ptr) noexcept;

  /// 0, 1, or 2: snd_pcm_abort, stored by a signal handler, with no hook.
  [[nodiscard]] int nonblock() const noexcept;

 private:
  snd_pcm_ioplug_t& io_;
};

}  // namespace dmasim
