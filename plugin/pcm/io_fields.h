// SPDX-License-Identifier: LGPL-2.1-or-later
/// The words of snd_pcm_ioplug_t that alsa-lib and the substream both use while a stream is open.
///
/// alsa-lib stores `state`, `appl_ptr` and `nonblock` by plain stores, under its own lock or under
/// none. Each of them is one aligned word, so this class loads and stores each by one atomic
/// access. Substream decides what the values mean. It calls all functions here under its own lock.
/// The bodies are chosen at link time, as those of sync.h: the schedule explorer links bodies that
/// yield around each access.
#pragma once

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

namespace dmasim {

class IoFields {
 public:
  explicit IoFields(snd_pcm_ioplug_t& io) noexcept : io_(io) {}

  /// A kernel's card shows XRUN without any call by the program. So a completion callback stores
  /// XRUN here.
  void set_state(snd_pcm_state_t state) noexcept;

  /// alsa-lib moves it without a hook for rewind, forward and the commit of a mapped capture. So
  /// read it anew each time.
  [[nodiscard]] snd_pcm_uframes_t appl_ptr() const noexcept;
  /// Two hooks store it. alsa-lib sets it to 0 before it calls prepare: a prepare that fails puts
  /// the old value back. alsa-lib moves it after transfer: until then transfer stores a mark.
  void set_appl_ptr(snd_pcm_uframes_t appl_ptr) noexcept;

  /// 0 blocking, 1 non-blocking, 2 snd_pcm_abort. A signal handler may store the 2, without a hook.
  [[nodiscard]] int nonblock() const noexcept;

 private:
  snd_pcm_ioplug_t& io_;
};

}  // namespace dmasim
