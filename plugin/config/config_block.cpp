// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/config_block.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "plugin/config/config_values.h"
#include "plugin/config/environment.h"
#include "plugin/config/nearest.h"

namespace dmasim {
namespace {

using std::string_view;

constexpr KeyWords kEnvironment{"environment", "yes or no", true};

/// Keys that any block may have. They are for other programs than the plugin.
bool is_common_key(string_view name) {
  return name == "comment" || name == "type" || name == "hint";
}

void log_unknown_key(const ConfigBlock& block, std::span<const KeyWords> keys, const char* id) {
  std::vector<string_view> names;
  std::string all;
  for (const KeyWords& key : keys) {
    names.push_back(key.name);
    all += std::string(key.name) + " ";
  }
  names.push_back(kEnvironment.name);
  all += kEnvironment.name;
  const std::string near(nearest(id, names));
  const std::string question = near.empty() ? "" : "; did you mean " + near + "?";
  SNDERR("dmasim: %sunknown key %s%s; accepted: %s", block.before_key, id, question.c_str(),
         all.c_str());
}

std::optional<std::string> plain_value(const ConfigBlock& block, const KeyWords& key,
                                       const snd_config_t* entry) {
  char* raw = nullptr;
  if (snd_config_get_ascii(entry, &raw) < 0 || raw == nullptr) {
    SNDERR("dmasim: %s%s is no plain value; accepted: %s", block.before_key, key.name.data(),
           key.accepts);
    return std::nullopt;
  }
  const std::unique_ptr<char, decltype(&std::free)> text(raw, &std::free);
  return std::string(raw);
}

/// The key of that name. Null, after a line in the log, if there is none.
const KeyWords* find_key(const ConfigBlock& block, std::span<const KeyWords> keys, const char* id) {
  if (id == kEnvironment.name) return &kEnvironment;
  const auto key = std::find_if(keys.begin(), keys.end(),
                                [id](const KeyWords& each) { return each.name == id; });
  if (key != keys.end()) return &*key;
  log_unknown_key(block, keys, id);
  return nullptr;
}

bool gather_block(const ConfigBlock& block, std::span<const KeyWords> keys,
                  const snd_config_t* conf, GivenValues& values) {
  snd_config_iterator_t it = nullptr;
  snd_config_iterator_t next = nullptr;
  snd_config_for_each(it, next, conf) {
    const snd_config_t* entry = snd_config_iterator_entry(it);
    const char* id = nullptr;
    if (snd_config_get_id(entry, &id) < 0 || is_common_key(id)) continue;
    const KeyWords* key = find_key(block, keys, id);
    if (key == nullptr) return false;
    auto text = plain_value(block, *key, entry);
    if (!text) return false;
    values.push_back({key->name, *std::move(text)});
  }
  return true;
}

/// Removes the key `environment` from `values` and answers its value; false if it is not given.
/// Empty, after a line in the log, if the value is neither yes nor no.
std::optional<bool> take_environment(const ConfigBlock& block, GivenValues& values) {
  bool yes = false;
  const GivenValue* given = given_value(values, kEnvironment.name);
  if (given == nullptr) return false;
  if (!given->text.empty() && !parse_yes_or_no(given->text, yes)) {
    SNDERR("dmasim: %s = \"%s\"; accepted: %s", key_in_log(block, *given).c_str(),
           given->text.c_str(), kEnvironment.accepts);
    return std::nullopt;
  }
  std::erase_if(values, [](const GivenValue& each) { return each.key == kEnvironment.name; });
  return yes;
}

void gather_environment(std::span<const KeyWords> keys, GivenValues& values) {
  for (const KeyWords& key : keys) {
    if (key.of_blocks_only || given_value(values, key.name) != nullptr) continue;
    const char* text = std::getenv(environment_name(key.name).c_str());
    if (text != nullptr && *text != '\0') values.push_back({key.name, text, true});
  }
}

void name_near_variables(const ConfigBlock& block, std::span<const KeyWords> keys) {
  std::vector<string_view> known(block.other_keys.begin(), block.other_keys.end());
  for (const KeyWords& key : keys) {
    if (!key.of_blocks_only) known.push_back(key.name);
  }
  log_near_variables(known);
}

}  // namespace

const GivenValue* given_value(std::span<const GivenValue> values, string_view key) noexcept {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [key](const GivenValue& each) { return each.key == key; });
  return found == values.end() ? nullptr : &*found;
}

std::string key_in_log(const ConfigBlock& block, const GivenValue& value) {
  return value.from_environment ? environment_name(value.key)
                                : block.before_key + std::string(value.key);
}

std::optional<GivenValues> gather_values(const ConfigBlock& block, std::span<const KeyWords> keys,
                                         const snd_config_t* conf) {
  GivenValues values;
  if (!gather_block(block, keys, conf, values)) return std::nullopt;
  const auto environment = take_environment(block, values);
  if (!environment) return std::nullopt;
  if (*environment) gather_environment(keys, values);
  if (*environment && block.names_near_variables) name_near_variables(block, keys);
  return values;
}

}  // namespace dmasim
