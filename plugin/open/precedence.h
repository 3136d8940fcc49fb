// SPDX-License-Identifier: LGPL-2.1-or-later
/// Values that an open has no use for. Of keys that exclude each other, what the name says wins
/// over the environment.
#pragma once

#include <alsa/asoundlib.h>

#include <string>
#include <vector>

#include "plugin/config/config_block.h"

namespace dmasim {

/// Takes those values of the environment out of `values` that exclude what the name says for an
/// open of that direction. Values from one place that exclude each other are left for the open to
/// refuse. Answers with a sentence for each value that was taken out. `values` are accepted one by
/// one, as by make_pcm_config().
std::vector<std::string> leave_out_excluded(GivenValues& values, snd_pcm_stream_t stream);

/// A sentence for each value that an open of that direction does not use.
[[nodiscard]] std::vector<std::string> unused_by_direction(const GivenValues& values,
                                                           snd_pcm_stream_t stream);

}  // namespace dmasim
