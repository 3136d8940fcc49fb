// SPDX-License-Identifier: LGPL-2.1-or-later
/// Finds the values that an open does not use. If a value in the name and a value in the
/// environment exclude each other, the name wins.
#pragma once

#include <alsa/asoundlib.h>

#include <string>
#include <vector>

#include "plugin/config/config_block.h"

namespace dmasim {

/// Removes from `values` the values of the environment that exclude those of the name, for an open
/// of that direction. Values that exclude each other and come from one place stay: the open then
/// refuses them. Answers with one sentence for each removed value. make_pcm_config() must have
/// accepted each of `values`.
std::vector<std::string> leave_out_excluded(GivenValues& values, snd_pcm_stream_t stream);

/// Answers with one sentence for each value that an open of that direction does not use.
[[nodiscard]] std::vector<std::string> unused_by_direction(const GivenValues& values,
                                                           snd_pcm_stream_t stream);

}  // namespace dmasim
