// SPDX-License-Identifier: LGPL-2.1-or-later
/// The hooks of an ioplug PCM.
#pragma once

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

namespace dmasim {

/// The table of all hooks. io.private_data is the OpenPcm.
[[nodiscard]] const snd_pcm_ioplug_callback_t* pcm_hooks(snd_pcm_stream_t stream);

}  // namespace dmasim
