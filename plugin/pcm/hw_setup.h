// SPDX-License-Identifier: LGPL-2.1-or-later
/// The parameters that a program has set by snd_pcm_hw_params.
#pragma once

#include <alsa/asoundlib.h>

#include <optional>

#include "engine/pcm/pcm_format.h"

namespace dmasim {

/// The substream's own copy of hw_params. alsa-lib overwrites the fields of the ioplug before it
/// calls the hook.
struct HwSetup {
  PcmFormat format{};
  snd_pcm_format_t alsa_format = SND_PCM_FORMAT_S16_LE;
  bool mmap = false;
  snd_pcm_uframes_t period_size = 0;
  snd_pcm_uframes_t buffer_size = 0;
};

/// Empty if a parameter of `params` is not one single value, or is 0. A program may ignore the
/// error of a call that set a parameter, and alsa-lib then calls the hook all the same.
[[nodiscard]] std::optional<HwSetup> setup_of(const snd_pcm_hw_params_t& params) noexcept;

}  // namespace dmasim
