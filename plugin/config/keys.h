// SPDX-License-Identifier: LGPL-2.1-or-later
/// The table of the keys that a block of an ALSA conf can have. The parser and its messages, the
/// variables of the environment, the arguments in conf/50-dmasim.conf and the tables in docs/ are
/// all made from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dmasim {

struct CtlConfig;
struct PcmConfig;

/// Reads `text` into `config`. Answers whether `text` is accepted.
template <typename Config>
using Parser = bool (*)(std::string_view text, Config& config);

enum class UsedBy { both, playback, capture };

struct Key {
  std::string_view name;  ///< as a block has it: see also argument_name() and environment_name()
  std::string_view meaning;
  std::string_view accepts;  ///< which values, without the unit
  std::string_view unit = {};
  std::string_view by_default;            ///< which value, if none is given
  UsedBy used_by = UsedBy::both;          ///< a PCM of the other direction only checks the value
  bool of_blocks_only = false;            ///< it is no argument, and the environment has none
  Parser<PcmConfig> parse_pcm = nullptr;  ///< null: no key of a PCM
  Parser<CtlConfig> parse_ctl = nullptr;  ///< null: no key of a control
};

/// The key that says whether the environment gives values for the keys that are not in the block.
inline constexpr std::string_view kEnvironmentKey = "environment";

/// In a block each name is there once. The order is that of the documents. Values are read in this
/// order too, wherever they stand in a block: a later key overrides what an earlier one has set.
[[nodiscard]] std::span<const Key> keys() noexcept;

/// Which values the key accepts, with their unit: `0 to 65536 frames`.
[[nodiscard]] std::string accepted_values(const Key& key);

/// The key's name within the name of a device: RATE for `rate`.
[[nodiscard]] std::string argument_name(std::string_view key);

}  // namespace dmasim
