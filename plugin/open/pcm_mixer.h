// SPDX-License-Identifier: LGPL-2.1-or-later
/// The effects of the card's mixer on a PCM.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "engine/card/mixer_record.h"
#include "engine/device/sink.h"
#include "engine/device/source.h"
#include "plugin/config/pcm_config.h"

namespace dmasim {

/// Adds the mixer's volume to the sink or source. Answers the same object if it has no volume.
std::unique_ptr<Sink> with_volume(const PcmConfig& config, std::unique_ptr<Sink> sink);
std::unique_ptr<Source> with_volume(const PcmConfig& config, std::unique_ptr<Source> source);

/// A function that answers the rate deviation of a loop's clock, in ppm, at the moment of its call.
/// It is the PCM's `ppm`, shifted by the loop's "PCM Rate Shift 100000". Empty if the PCM is not at
/// a loop with controls.
std::function<int32_t()> shifted_clock(const PcmConfig& config);

/// A function that answers whether the loop's "PCM Notify" is on at the moment of its call. Empty
/// if the PCM is not at a loop with controls.
std::function<bool()> notify_switch(const PcmConfig& config);

/// The deviation in ppm of a clock that ticks 100000 times while a clock with the deviation `ppm`
/// ticks `rate_shift` times, rounded to the nearest millionth. As in snd-aloop, 101000 is slower.
[[nodiscard]] constexpr int32_t shifted_ppm(int32_t ppm, uint32_t rate_shift) noexcept {
  const int64_t millionths = (1'000'000 + int64_t{ppm}) * kRateShiftNone;
  return static_cast<int32_t>((millionths + rate_shift / 2) / rate_shift - 1'000'000);
}

}  // namespace dmasim
