// SPDX-License-Identifier: LGPL-2.1-or-later
/// Channel maps: which loudspeaker each channel belongs to. The card tells them to a program, and
/// the program may choose one of them.
#pragma once

#include <alsa/asoundlib.h>

#include <span>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/sync.h"
#include "plugin/config/range_or_list.h"

namespace dmasim {

/// The SND_CHMAP_* values of channel 0, 1, ...
using ChannelMap = std::vector<unsigned>;

/// Reads text like "FL+FR/FL+FR+RL+RR": positions are joined by + or , and maps by /. Answers false
/// for any other text.
bool parse_channel_maps(std::string_view text, std::vector<ChannelMap>& out);

/// The maps that most cards have: one map each for 1, 2, 4, 6 and 8 channels.
std::vector<ChannelMap> usual_channel_maps();

/// The card's channel maps, and the one that the program has chosen.
///
/// THREADS  any: alsa-lib calls the hooks for channel maps under no lock.
class ChannelMaps {
 public:
  /// Keeps those of `maps` whose channel count is one of `channels`.
  ChannelMaps(const std::vector<ChannelMap>& maps, const RangeOrList& channels);

  [[nodiscard]] bool empty() const noexcept { return maps_.empty(); }

  // alsa-lib's caller frees the answers of the next two with free(). Null: no map, or no memory.
  [[nodiscard]] snd_pcm_chmap_query_t** query() const noexcept;
  /// The map that a stream of `channels` channels uses.
  [[nodiscard]] snd_pcm_chmap_t* get(unsigned channels) noexcept DMASIM_EXCLUDES(lock_);

  /// Chooses `map`. Errors: EINVAL (the card does not have this map, or the stream has another
  /// channel count).
  Result<void> set(unsigned channels, const snd_pcm_chmap_t& map) DMASIM_EXCLUDES(lock_);

 private:
  [[nodiscard]] const ChannelMap* in_use(unsigned channels) const DMASIM_REQUIRES(lock_);

  std::vector<ChannelMap> maps_;
  Mutex lock_;
  const ChannelMap* chosen_ DMASIM_GUARDED_BY(lock_) = nullptr;  // stored by set()
};

}  // namespace dmasim
