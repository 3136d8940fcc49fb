// SPDX-License-Identifier: LGPL-2.1-or-later
/// The keys of a block of an ALSA conf, as a table that reads the block into a Config. A refusal is
/// a line in ALSA's error log with the key, the value and what is accepted.
#pragma once

#include <alsa/asoundlib.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/nearest.h"

namespace dmasim {

template <typename Config>
struct ConfigKey {
  std::string_view name;  ///< a literal: its end is a null
  const char* accepts;
  bool (*parse)(std::string_view text, Config& config);
};

/// How the log names a block.
struct ConfigBlock {
  const char* before_key;  ///< empty, or a word and a space
};

/// An empty value leaves the default as it is.
template <typename Config>
bool parse_entry(const ConfigBlock& block, const ConfigKey<Config>& key, const snd_config_t* entry,
                 Config& config) {
  char* raw = nullptr;
  if (snd_config_get_ascii(entry, &raw) < 0 || raw == nullptr) {
    SNDERR("dmasim: %s%s is no plain value; accepted: %s", block.before_key, key.name.data(),
           key.accepts);
    return false;
  }
  const std::unique_ptr<char, decltype(&std::free)> text(raw, &std::free);
  if (*raw == '\0' || key.parse(raw, config)) return true;
  SNDERR("dmasim: %s%s = \"%s\"; accepted: %s", block.before_key, key.name.data(), raw,
         key.accepts);
  return false;
}

/// What every block may have, for others than the plugin.
inline bool is_common_key(std::string_view name) {
  return name == "comment" || name == "type" || name == "hint";
}

template <typename Config>
void log_unknown_key(const ConfigBlock& block, std::span<const ConfigKey<Config>> keys,
                     const char* id) {
  std::vector<std::string_view> names;
  std::string all;
  for (const ConfigKey<Config>& key : keys) {
    names.push_back(key.name);
    all += (all.empty() ? "" : " ") + std::string(key.name);
  }
  const std::string near(nearest(id, names));
  const std::string question = near.empty() ? "" : "; did you mean " + near + "?";
  SNDERR("dmasim: %sunknown key %s%s; accepted: %s", block.before_key, id, question.c_str(),
         all.c_str());
}

/// Reads all of `conf`'s entries but the common ones; stops at the first that is refused.
template <typename Config>
bool parse_block(const ConfigBlock& block, std::span<const ConfigKey<Config>> keys,
                 const snd_config_t* conf, Config& config) {
  snd_config_iterator_t it = nullptr;
  snd_config_iterator_t next = nullptr;
  snd_config_for_each(it, next, conf) {
    const snd_config_t* entry = snd_config_iterator_entry(it);
    const char* id = nullptr;
    if (snd_config_get_id(entry, &id) < 0 || is_common_key(id)) continue;
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [id](const ConfigKey<Config>& each) { return each.name == id; });
    if (key == keys.end()) {
      log_unknown_key<Config>(block, keys, id);
      return false;
    }
    if (!parse_entry(block, *key, entry, config)) return false;
  }
  return true;
}

}  // namespace dmasim
