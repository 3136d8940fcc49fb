// SPDX-License-Identifier: LGPL-2.1-or-later
/// The parameters that a program has set by snd_pcm_sw_params.
#pragma once

#include <alsa/asoundlib.h>

namespace dmasim {

struct SwSetup {
  snd_pcm_uframes_t avail_min = 1;
  snd_pcm_uframes_t stop_threshold = 0;
  snd_pcm_uframes_t silence_threshold = 0;
  snd_pcm_uframes_t silence_size = 0;
  snd_pcm_uframes_t boundary = 0;
  bool period_event = false;  ///< each period wakes the program, for any avail_min
};

}  // namespace dmasim
