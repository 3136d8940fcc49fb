// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/channel_maps.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>

#include "plugin/config/split.h"
#include "plugin/pcm/ring_copy.h"

namespace dmasim {
namespace {

/// Says whether `position` is the place of one loudspeaker. Two channels must not have the same
/// place. SND_CHMAP_UNKNOWN and SND_CHMAP_NA are no places.
bool is_a_place(int position) { return position > SND_CHMAP_NA; }

bool contains(const ChannelMap& map, int position) {
  return std::find(map.begin(), map.end(), static_cast<unsigned>(position)) != map.end();
}

bool parse_channel_map(std::string_view text, std::vector<ChannelMap>& out) {
  ChannelMap map;
  const bool known = each_piece(text, ",+", [&](std::string_view name) {
    const int position = static_cast<int>(snd_pcm_chmap_from_string(std::string(name).c_str()));
    if (position < 0 || (is_a_place(position) && contains(map, position))) return false;
    map.push_back(static_cast<unsigned>(position));
    return true;
  });
  if (known) out.push_back(std::move(map));
  return known && out.back().size() <= kMaxChannels;
}

void copy(const ChannelMap& from, snd_pcm_chmap_t& to) noexcept {
  to.channels = static_cast<unsigned>(from.size());
  std::copy(from.begin(), from.end(), to.pos);
}

template <typename Answer>
Answer* allocate(size_t header_bytes, size_t positions) noexcept {
  return static_cast<Answer*>(std::calloc(1, header_bytes + positions * sizeof(unsigned)));
}

}  // namespace

bool parse_channel_maps(std::string_view text, std::vector<ChannelMap>& out) {
  std::vector<ChannelMap> maps;
  const bool known =
      each_piece(text, "/", [&](std::string_view map) { return parse_channel_map(map, maps); });
  if (known) out = std::move(maps);
  return known;
}

std::vector<ChannelMap> usual_channel_maps() {
  const ChannelMap all{SND_CHMAP_FL, SND_CHMAP_FR,  SND_CHMAP_RL, SND_CHMAP_RR,
                       SND_CHMAP_FC, SND_CHMAP_LFE, SND_CHMAP_SL, SND_CHMAP_SR};
  std::vector<ChannelMap> maps{{SND_CHMAP_MONO}};
  for (const std::ptrdiff_t channels : {2, 4, 6, 8}) {
    maps.emplace_back(all.begin(), all.begin() + channels);
  }
  return maps;
}

ChannelMaps::ChannelMaps(const std::vector<ChannelMap>& maps, const RangeOrList& channels) {
  std::copy_if(maps.begin(), maps.end(), std::back_inserter(maps_), [&](const ChannelMap& map) {
    return channels.contains(static_cast<unsigned>(map.size()));
  });
}

snd_pcm_chmap_query_t** ChannelMaps::query() const noexcept {
  if (maps_.empty()) return nullptr;
  const auto free_all = [](snd_pcm_chmap_query_t** all) { snd_pcm_free_chmaps(all); };
  std::unique_ptr<snd_pcm_chmap_query_t*[], decltype(free_all)> all(
      static_cast<snd_pcm_chmap_query_t**>(
          std::calloc(maps_.size() + 1, sizeof(snd_pcm_chmap_query_t*))),
      free_all);
  if (!all) return nullptr;
  for (size_t i = 0; i < maps_.size(); ++i) {
    all[i] = allocate<snd_pcm_chmap_query_t>(sizeof(snd_pcm_chmap_query_t), maps_[i].size());
    if (all[i] == nullptr) return nullptr;
    all[i]->type = SND_CHMAP_TYPE_FIXED;
    copy(maps_[i], all[i]->map);
  }
  return all.release();
}

const ChannelMap* ChannelMaps::in_use(unsigned channels) const {
  if (chosen_ != nullptr && chosen_->size() == channels) return chosen_;
  const auto found = std::find_if(maps_.begin(), maps_.end(),
                                  [=](const ChannelMap& map) { return map.size() == channels; });
  return found == maps_.end() ? nullptr : &*found;
}

snd_pcm_chmap_t* ChannelMaps::get(unsigned channels) noexcept {
  MutexLock guard(lock_);
  const ChannelMap* map = in_use(channels);
  if (map == nullptr) return nullptr;
  auto* answer = allocate<snd_pcm_chmap_t>(sizeof(snd_pcm_chmap_t), map->size());
  if (answer != nullptr) copy(*map, *answer);
  return answer;
}

Result<void> ChannelMaps::set(unsigned channels, const snd_pcm_chmap_t& map) {
  if (map.channels != channels) return Errno{EINVAL};
  const std::span<const unsigned> wanted(map.pos, map.channels);
  const auto found = std::find_if(maps_.begin(), maps_.end(), [=](const ChannelMap& each) {
    return std::equal(each.begin(), each.end(), wanted.begin(), wanted.end());
  });
  if (found == maps_.end()) return Errno{EINVAL};
  MutexLock guard(lock_);
  chosen_ = &*found;
  return {};
}

}  // namespace dmasim
