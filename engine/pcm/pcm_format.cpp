// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/pcm/pcm_format.h"

namespace dmasim {

std::string describe(const PcmFormat& format) {
  return std::string(facts_of(format.sample).name) + ", " + std::to_string(format.channels) +
         (format.channels == 1 ? " channel, " : " channels, ") + std::to_string(format.rate_hz) +
         " Hz";
}

}  // namespace dmasim
