// SPDX-License-Identifier: LGPL-2.1-or-later
/// Gathers the values of one block of an ALSA conf: those that the block gives, and those that the
/// environment gives for the other keys. The values are not interpreted here.
#pragma once

#include <alsa/asoundlib.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dmasim {

struct KeyWords {
  std::string_view name;
  const char* accepts;
  bool of_blocks_only = false;  ///< the environment cannot give it
};

/// How the log names a block and its keys.
struct ConfigBlock {
  const char* before_key;  ///< empty, or a word and a space
  /// The log names variables of the environment whose names are nearly those of the block's keys:
  /// see log_near_variables(). `other_keys`, the keys of other blocks, count as right names too.
  bool names_near_variables = false;
  std::span<const std::string_view> other_keys = {};
};

struct GivenValue {
  std::string_view key;  ///< a KeyWords::name
  std::string text;      ///< empty: the key keeps its default
  bool from_environment = false;
};
using GivenValues = std::vector<GivenValue>;

/// The value that is given for `key`. Null if there is none.
[[nodiscard]] const GivenValue* given_value(std::span<const GivenValue> values,
                                            std::string_view key) noexcept;

/// The key as the log names it: for example `rate`, or DMASIM_RATE if the environment has given the
/// value.
[[nodiscard]] std::string key_in_log(const ConfigBlock& block, const GivenValue& value);

/// All values that `conf` gives. If `conf` has `environment yes`, also the values that the
/// environment gives now for the keys that are not in the block. Empty, after a line in ALSA's
/// error log, if the block has a key that is not in `keys`, or a value that is not plain.
[[nodiscard]] std::optional<GivenValues> gather_values(const ConfigBlock& block,
                                                       std::span<const KeyWords> keys,
                                                       const snd_config_t* conf);

}  // namespace dmasim
