// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/hw_setup.h"

#include "plugin/pcm/alsa_format.h"

namespace dmasim {

std::optional<HwSetup> setup_of(const snd_pcm_hw_params_t& params) noexcept {
  HwSetup hw;
  snd_pcm_access_t access{};
  if (snd_pcm_hw_params_get_access(&params, &access) < 0 ||
      snd_pcm_hw_params_get_format(&params, &hw.alsa_format) < 0 ||
      snd_pcm_hw_params_get_channels(&params, &hw.format.channels) < 0 ||
      snd_pcm_hw_params_get_rate(&params, &hw.format.rate_hz, nullptr) < 0 ||
      snd_pcm_hw_params_get_period_size(&params, &hw.period_size, nullptr) < 0 ||
      snd_pcm_hw_params_get_buffer_size(&params, &hw.buffer_size) < 0) {
    return std::nullopt;
  }
  const auto sample = from_alsa(hw.alsa_format);
  if (!sample || hw.format.channels == 0 || hw.format.rate_hz == 0 || hw.period_size == 0 ||
      hw.buffer_size == 0) {
    return std::nullopt;
  }
  hw.format.sample = *sample;
  hw.mmap =
      access == SND_PCM_ACCESS_MMAP_INTERLEAVED || access == SND_PCM_ACCESS_MMAP_NONINTERLEAVED;
  return hw;
}

}  // namespace dmasim
