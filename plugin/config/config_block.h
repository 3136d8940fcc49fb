// SPDX-License-Identifier: LGPL-2.1-or-later
/// Gathers the values of one block of an ALSA conf: those that the block gives, and those that the
/// environment gives for the other keys. Then reads them into a configuration.
#pragma once

#include <alsa/asoundlib.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/config/keys.h"

namespace dmasim {

struct ConfigBlock {
  bool (*has)(const Key& key);  ///< whether it can have that key
  const char* before_key;       ///< for the log: empty, or a word and a space
  /// The log names variables of the environment whose names are nearly right: see
  /// log_near_variables().
  bool names_near_variables;
};

inline constexpr ConfigBlock kPcmBlock{
    .has = [](const Key& key) { return key.parse_pcm != nullptr; },
    .before_key = "",
    .names_near_variables = true};
inline constexpr ConfigBlock kCtlBlock{
    .has = [](const Key& key) { return key.parse_ctl != nullptr; },
    .before_key = "ctl ",
    .names_near_variables = false};

struct GivenValue {
  std::string_view key;  ///< a Key::name
  std::string text;      ///< empty: the key keeps its default
  bool from_environment = false;
};
using GivenValues = std::vector<GivenValue>;

/// The value that is given for `key`. Null if there is none.
[[nodiscard]] const GivenValue* given_value(std::span<const GivenValue> values,
                                            std::string_view key) noexcept;

/// The block's key of that name. Null if there is none.
[[nodiscard]] const Key* find_key(const ConfigBlock& block, std::string_view name) noexcept;

/// The key as the log names it: for example `rate`, or DMASIM_RATE if the environment has given the
/// value.
[[nodiscard]] std::string key_in_log(const ConfigBlock& block, const GivenValue& value);

/// All values that `conf` gives. If `conf` has `environment yes`, also the values that the
/// environment gives now for the keys that are not in `conf`. Empty, after a line in ALSA's error
/// log, if `conf` has a key that the block does not know, or a value that is not plain.
[[nodiscard]] std::optional<GivenValues> gather_values(const ConfigBlock& block,
                                                       const snd_config_t* conf);

/// A line in ALSA's error log: the key, the value and what is accepted.
void log_refusal(const ConfigBlock& block, const Key& key, const GivenValue& value);

/// Reads `values` into `config`, in the order of the table of keys. Stops at the first value that
/// is refused, and logs it. An empty value leaves the default as it is.
template <typename Config>
bool parse_values(const ConfigBlock& block, Parser<Config> Key::*parse,
                  std::span<const GivenValue> values, Config& config) {
  for (const Key& key : keys()) {
    const GivenValue* given = block.has(key) ? given_value(values, key.name) : nullptr;
    if (given == nullptr || given->text.empty() || (key.*parse)(given->text, config)) continue;
    log_refusal(block, key, *given);
    return false;
  }
  return true;
}

}  // namespace dmasim
