// SPDX-License-Identifier: LGPL-2.1-or-later
/// Cards to be like: what a profile lets a program choose from. Plain data; a further card is a
/// further row.
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
  bool noninterleaved;     ///< offers these accesses too
  bool channel_maps;       ///< has the usual ones
  bool channels_may_grow;  ///< for a source with more of them
  unsigned subdevices;     ///< of each device, in each direction
};

/// The first is what a PCM is without any.
std::span<const Profile> profiles() noexcept;

/// Null if there is none of that name.
const Profile* find_profile(std::string_view name) noexcept;

inline constexpr const char* kProfileNames = "dmasim, aloop, dummy";

}  // namespace dmasim
