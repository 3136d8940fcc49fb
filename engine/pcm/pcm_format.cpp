// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/pcm/pcm_format.h"

#include <array>

namespace dmasim {
namespace {

constexpr std::array<const char*, kSampleFormatCount> kNames{
    "U8",     "S16_LE", "S16_BE",   "S24_3LE",  "S24_3BE",    "S24_LE",    "S24_BE",
    "S32_LE", "S32_BE", "FLOAT_LE", "FLOAT_BE", "FLOAT64_LE", "FLOAT64_BE"};

}  // namespace

std::string describe(const PcmFormat& format) {
  return std::string(kNames[static_cast<size_t>(format.sample)]) + ", " +
         std::to_string(format.channels) + (format.channels == 1 ? " channel, " : " channels, ") +
         std::to_string(format.rate_hz) + " Hz";
}

}  // namespace dmasim
