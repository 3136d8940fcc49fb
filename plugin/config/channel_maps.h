// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which loudspeaker each channel belongs to: what a card tells, and lets a program choose from.
#pragma once

#include <alsa/asoundlib.h>

#include <span>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/sync.h"
#include "plugin/config/profile.h"

namespace dmasim {

/// SND_CHMAP_* of channel 0, 1, ...
using ChannelMap = std::vector<unsigned>;

/// "FL+FR/FL+FR+RL+RR": positions joined by + or , and maps by /. False if it is no such thing.
bool parse_channel_maps(std::string_view text, std::vector<ChannelMap>& out);

/// What most cards have: one map for 1, 2, 4, 6 and 8 channels.
std::vector<ChannelMap> usual_channel_maps();

/// THREADS  any: alsa-lib runs these hooks under no lock.
class ChannelMaps {
 public:
  /// Keeps the maps for as many channels as there may be.
  ChannelMaps(const std::vector<ChannelMap>& maps, Range channels);

  [[nodiscard]] bool empty() const noexcept { return maps_.empty(); }

  // What alsa-lib's caller frees with free(). Null: none, or no memory.
  [[nodiscard]] snd_pcm_chmap_query_t** query() const noexcept;
  /// The map in use by a stream of so many channels.
  [[nodiscard]] snd_pcm_chmap_t* get(unsigned channels) noexcept DMASIM_EXCLUDES(lock_);

  /// Errors: EINVAL (none of the card's, or not for so many channels).
  Result<void> set(unsigned channels, const snd_pcm_chmap_t& map) DMASIM_EXCLUDES(lock_);

 private:
  [[nodiscard]] const ChannelMap* in_use(unsigned channels) const DMASIM_REQUIRES(lock_);

  std::vector<ChannelMap> maps_;
  Mutex lock_;
  const ChannelMap* chosen_ DMASIM_GUARDED_BY(lock_) = nullptr;  // by set()
};

}  // namespace dmasim
