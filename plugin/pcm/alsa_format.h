// SPDX-License-Identifier: LGPL-2.1-or-later
/// Each of the engine's sample formats, and ALSA's constant for it.
#pragma once

#include <alsa/asoundlib.h>

#include <array>
#include <optional>

#include "engine/pcm/pcm_format.h"

namespace dmasim {

struct FormatPair {
  SampleFormat format;
  snd_pcm_format_t alsa;
};

inline constexpr std::array<FormatPair, kSampleFormatCount> kFormats{{
    {SampleFormat::u8, SND_PCM_FORMAT_U8},
    {SampleFormat::s16_le, SND_PCM_FORMAT_S16_LE},
    {SampleFormat::s16_be, SND_PCM_FORMAT_S16_BE},
    {SampleFormat::s24_3le, SND_PCM_FORMAT_S24_3LE},
    {SampleFormat::s24_3be, SND_PCM_FORMAT_S24_3BE},
    {SampleFormat::s24_le, SND_PCM_FORMAT_S24_LE},
    {SampleFormat::s24_be, SND_PCM_FORMAT_S24_BE},
    {SampleFormat::s32_le, SND_PCM_FORMAT_S32_LE},
    {SampleFormat::s32_be, SND_PCM_FORMAT_S32_BE},
    {SampleFormat::float_le, SND_PCM_FORMAT_FLOAT_LE},
    {SampleFormat::float_be, SND_PCM_FORMAT_FLOAT_BE},
    {SampleFormat::float64_le, SND_PCM_FORMAT_FLOAT64_LE},
    {SampleFormat::float64_be, SND_PCM_FORMAT_FLOAT64_BE},
    {SampleFormat::dsd_u8, SND_PCM_FORMAT_DSD_U8},
    {SampleFormat::dsd_u16_le, SND_PCM_FORMAT_DSD_U16_LE},
    {SampleFormat::dsd_u16_be, SND_PCM_FORMAT_DSD_U16_BE},
    {SampleFormat::dsd_u32_le, SND_PCM_FORMAT_DSD_U32_LE},
    {SampleFormat::dsd_u32_be, SND_PCM_FORMAT_DSD_U32_BE},
}};

static_assert(has_row_for_each_format(kFormats));

[[nodiscard]] constexpr snd_pcm_format_t to_alsa(SampleFormat format) noexcept {
  return kFormats[static_cast<size_t>(format)].alsa;
}

[[nodiscard]] constexpr std::optional<SampleFormat> from_alsa(snd_pcm_format_t format) noexcept {
  for (const FormatPair& pair : kFormats) {
    if (pair.alsa == format) return pair.format;
  }
  return std::nullopt;
}

}  // namespace dmasim
