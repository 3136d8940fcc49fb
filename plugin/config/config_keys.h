// SPDX-License-Identifier: LGPL-2.1-or-later
/// A table of the keys of a block of an ALSA conf. Each row has the function that reads the key's
/// value into a Config. For a value that is refused, ALSA's error log gets a line with the key, the
/// value and what is accepted.
#pragma once

#include <alsa/asoundlib.h>

#include <array>
#include <span>
#include <string_view>

#include "plugin/config/config_block.h"

namespace dmasim {

template <typename Config>
struct ConfigKey {
  KeyWords words;
  bool (*parse)(std::string_view text, Config& config);
};

template <typename Config, size_t count>
constexpr std::array<KeyWords, count> words_of(const std::array<ConfigKey<Config>, count>& keys) {
  std::array<KeyWords, count> words{};
  for (size_t i = 0; i < count; ++i) words[i] = keys[i].words;
  return words;
}

/// Reads `values` into `config`, in the order of `keys`: a later key overrides what an earlier one
/// has set. Stops at the first value that is refused. An empty value leaves the default as it is.
template <typename Config>
bool parse_values(const ConfigBlock& block, std::span<const ConfigKey<Config>> keys,
                  std::span<const GivenValue> values, Config& config) {
  for (const ConfigKey<Config>& key : keys) {
    const GivenValue* given = given_value(values, key.words.name);
    if (given == nullptr || given->text.empty() || key.parse(given->text, config)) continue;
    SNDERR("dmasim: %s = \"%s\"; accepted: %s", key_in_log(block, *given).c_str(),
           given->text.c_str(), key.words.accepts);
    return false;
  }
  return true;
}

}  // namespace dmasim
