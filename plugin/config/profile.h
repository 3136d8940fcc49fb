// SPDX-License-Identifier: LGPL-2.1-or-later
/// Profiles: the limits of some existing cards. Plain data; each profile is one row of a table.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "engine/pcm/pcm_format.h"

namespace dmasim {

struct Range {
  unsigned min = 0;
  unsigned max = 0;
  [[nodiscard]] constexpr bool contains(unsigned value) const noexcept {
    return min <= value && value <= max;
  }
};

struct Profile {
  std::string_view name;
  std::span<const SampleFormat> formats;
  Range channels;
  Range rate_hz;
  Range period_bytes;
  Range buffer_bytes;
  Range periods;
  bool noninterleaved;     ///< offers non-interleaved access too
  bool channel_maps;       ///< has usual_channel_maps()
  bool channels_may_grow;  ///< a source with more channels widens the range
  bool only_usual_rates;   ///< offers not each rate of the range: see PcmConfig::only_usual_rates
  bool takes_carried_dsd;  ///< offers a format of DSD that its cable carries
  unsigned subdevices;     ///< of each device, in each direction
};

/// A PCM without a profile uses the first.
std::span<const Profile> profiles() noexcept;

/// Null if there is none of that name.
const Profile* find_profile(std::string_view name) noexcept;

inline constexpr const char* kProfileNames = "dmasim, aloop, dummy";

}  // namespace dmasim
