// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the mixer of its card does to a PCM.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "engine/sink.h"
#include "engine/source.h"
#include "plugin/pcm_config.h"

namespace dmasim {

/// Frames go through the volume, unless nobody hears them anyhow.
std::unique_ptr<Sink> mix(const PcmConfig& config, std::unique_ptr<Sink> sink);
std::unique_ptr<Source> mix(const PcmConfig& config, std::unique_ptr<Source> source);

/// How fast the clock of a loop goes at the moment at which it is asked, with its PPM and "PCM Rate
/// Shift 100000". Empty: nothing shifts it.
std::function<int32_t()> shifted_clock(const PcmConfig& config);

/// `ppm` with `rate_shift` on top of it, to the nearest millionth.
[[nodiscard]] constexpr int32_t shifted_ppm(int32_t ppm, uint32_t rate_shift) noexcept {
  const int64_t millionths = (1'000'000 + int64_t{ppm}) * rate_shift;
  return static_cast<int32_t>((millionths + 50'000) / 100'000 - 1'000'000);
}

}  // namespace dmasim
