// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the mixer of its card does to a PCM.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "engine/card/mixer_record.h"
#include "engine/device/sink.h"
#include "engine/device/source.h"
#include "plugin/config/pcm_config.h"

namespace dmasim {

/// Frames go through the volume, unless nobody hears them anyhow.
std::unique_ptr<Sink> mix(const PcmConfig& config, std::unique_ptr<Sink> sink);
std::unique_ptr<Source> mix(const PcmConfig& config, std::unique_ptr<Source> source);

/// How fast the clock of a loop goes at the moment at which it is asked, with its PPM and "PCM Rate
/// Shift 100000". Empty: nothing shifts it.
std::function<int32_t()> shifted_clock(const PcmConfig& config);

/// Whether "PCM Notify" of the loop is on at the moment at which it is asked. Empty: it has none.
std::function<bool()> notify_switch(const PcmConfig& config);

/// `ppm` of a clock that ticks 100000 times while another one ticks `rate_shift` times, to the
/// nearest millionth: as in snd-aloop, 101000 is slower.
[[nodiscard]] constexpr int32_t shifted_ppm(int32_t ppm, uint32_t rate_shift) noexcept {
  const int64_t millionths = (1'000'000 + int64_t{ppm}) * kRateShiftNone;
  return static_cast<int32_t>((millionths + rate_shift / 2) / rate_shift - 1'000'000);
}

}  // namespace dmasim
