// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a program has chosen by snd_pcm_hw_params.
#pragma once

#include <alsa/asoundlib.h>

#include <optional>

#include "engine/pcm/pcm_format.h"

namespace dmasim {

/// hw_params, in our own copy: alsa-lib overwrites the ioplug's before it asks.
struct HwSetup {
  PcmFormat format{};
  snd_pcm_format_t alsa_format = SND_PCM_FORMAT_S16_LE;
  bool mmap = false;
  snd_pcm_uframes_t period_size = 0;
  snd_pcm_uframes_t buffer_size = 0;
};

/// Nothing if `params` leave a choice, or chose 0: a program may ignore that a parameter was
/// refused, and alsa-lib ignores it too.
[[nodiscard]] std::optional<HwSetup> setup_of(const snd_pcm_hw_params_t& params) noexcept;

}  // namespace dmasim
