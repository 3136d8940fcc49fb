// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/profile.h"

#include <algorithm>

namespace dmasim {
namespace {

using enum SampleFormat;

constexpr std::array kAloopFormats{s16_le, s16_be, s24_3le, s24_3be,  s24_le,
                                   s24_be, s32_le, s32_be,  float_le, float_be};
constexpr std::array kDummyFormats{u8, s16_le};

constexpr std::array kProfiles{
    // Limits like those of a card on a bus: some programs choose the largest values that they can.
    Profile{.name = "dmasim",
            .formats = kPcmFormats,
            .channels = {1, 8},
            .rate_hz = {4000, 768000},
            .period_bytes = {128, 524288},
            .buffer_bytes = {256, 1048576},
            .periods = {2, 32},
            .noninterleaved = true,
            .channel_maps = true,
            .channels_may_grow = true,
            .only_usual_rates = true,
            .takes_carried_dsd = true,
            .subdevices = 32},
    // snd-aloop of Linux 6.1.
    Profile{.name = "aloop",
            .formats = kAloopFormats,
            .channels = {1, 32},
            .rate_hz = {8000, 192000},
            .period_bytes = {64, 1048576},
            .buffer_bytes = {64, 2097152},
            .periods = {1, 1024},
            .noninterleaved = false,
            .channel_maps = false,
            .channels_may_grow = false,
            .only_usual_rates = false,
            .takes_carried_dsd = false,
            .subdevices = 8},
    // snd-dummy of Linux 6.1.
    Profile{.name = "dummy",
            .formats = kDummyFormats,
            .channels = {1, 2},
            .rate_hz = {5500, 48000},
            .period_bytes = {64, 65536},
            .buffer_bytes = {64, 65536},
            .periods = {1, 1024},
            .noninterleaved = false,
            .channel_maps = false,
            .channels_may_grow = false,
            .only_usual_rates = false,
            .takes_carried_dsd = false,
            .subdevices = 8},
};

}  // namespace

std::span<const Profile> profiles() noexcept { return kProfiles; }

const Profile* find_profile(std::string_view name) noexcept {
  const auto* found = std::find_if(kProfiles.begin(), kProfiles.end(),
                                   [=](const Profile& each) { return each.name == name; });
  return found == kProfiles.end() ? nullptr : found;
}

}  // namespace dmasim
