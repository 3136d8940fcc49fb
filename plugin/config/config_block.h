// SPDX-License-Identifier: LGPL-2.1-or-later
/// A block of an ALSA conf, as what it gives for each of its keys, and what the environment gives
/// for the others. What the values mean is not asked here.
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
  bool of_blocks_only = false;  ///< no variable of the environment stands for it
};

/// How the log names a block.
struct ConfigBlock {
  const char* before_key;  ///< empty, or a word and a space
  /// Names a variable of the environment that nearly stands for one of its keys, see
  /// log_near_variables(). `other_keys` are those of other blocks.
  bool names_near_variables = false;
  std::span<const std::string_view> other_keys = {};
};

struct GivenValue {
  std::string_view key;  ///< a KeyWords::name
  std::string text;      ///< empty: the default
  bool from_environment = false;
};
using GivenValues = std::vector<GivenValue>;

/// Null if there is none.
[[nodiscard]] const GivenValue* given_value(std::span<const GivenValue> values,
                                            std::string_view key) noexcept;

/// `rate`, or DMASIM_RATE where the environment has given it: how the log names a value's key.
[[nodiscard]] std::string key_in_log(const ConfigBlock& block, const GivenValue& value);

/// All that `conf` gives. With `environment yes` in it also what the environment gives, now, for
/// the keys that the block leaves out. None, after a line in ALSA's error log, if there is another
/// key or a value that is not plain.
[[nodiscard]] std::optional<GivenValues> gather_values(const ConfigBlock& block,
                                                       std::span<const KeyWords> keys,
                                                       const snd_config_t* conf);

}  // namespace dmasim
