// SPDX-License-Identifier: LGPL-2.1-or-later
/// snd_pcm_ioplug_t::state under the explorer. Each load and store is a choice point. A test can
/// wait for a value without a call on the PCM. And what a program's poll() would see.
#pragma once

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include "engine/base/sync.h"
#include "plugin/pcm/poll_level.h"

namespace dmasim::sim {

class ShownState {
 public:
  explicit ShownState(snd_pcm_ioplug_t& io);
  ~ShownState();
  ShownState(const ShownState&) = delete;
  ShownState& operator=(const ShownState&) = delete;

  static void store(snd_pcm_ioplug_t& io, snd_pcm_state_t state);
  [[nodiscard]] static snd_pcm_state_t load(const snd_pcm_ioplug_t& io);
  /// Returns when the state is `wanted`. If no fiber ever stores it, the search finds a deadlock.
  void await(snd_pcm_state_t wanted);

 private:
  static ShownState& of(const snd_pcm_ioplug_t& io);

  const snd_pcm_ioplug_t& io_;
  Mutex lock_;
  CondVar changed_;
};

[[nodiscard]] bool shows_ready(const PollLevel& level);

}  // namespace dmasim::sim
