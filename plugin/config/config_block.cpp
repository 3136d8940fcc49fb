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

/// Keys that any block may have. They are for other programs than the plugin.
bool is_common_key(string_view name) {
  return name == "comment" || name == "type" || name == "hint";
}

void log_unknown_key(const ConfigBlock& block, const char* id) {
  std::vector<string_view> names;
  std::string all;
  for (const Key& key : keys()) {
    if (!block.has(key)) continue;
    names.push_back(key.name);
    all.append(" ").append(key.name);
  }
  const std::string near(nearest(id, names));
  const std::string question = near.empty() ? "" : "; did you mean " + near + "?";
  SNDERR("dmasim: %sunknown key %s%s; accepted:%s", block.before_key, id, question.c_str(),
         all.c_str());
}

std::optional<std::string> plain_value(const ConfigBlock& block, const Key& key,
                                       const snd_config_t* entry) {
  char* raw = nullptr;
  if (snd_config_get_ascii(entry, &raw) < 0 || raw == nullptr) {
    SNDERR("dmasim: %s%s is no plain value; accepted: %s", block.before_key, key.name.data(),
           accepted_values(key).c_str());
    return std::nullopt;
  }
  const std::unique_ptr<char, decltype(&std::free)> text(raw, &std::free);
  return std::string(raw);
}

bool gather_block(const ConfigBlock& block, const snd_config_t* conf, GivenValues& values) {
  snd_config_iterator_t it = nullptr;
  snd_config_iterator_t next = nullptr;
  snd_config_for_each(it, next, conf) {
    const snd_config_t* entry = snd_config_iterator_entry(it);
    const char* id = nullptr;
    if (snd_config_get_id(entry, &id) < 0 || is_common_key(id)) continue;
    const Key* key = find_key(block, id);
    if (key == nullptr) {
      log_unknown_key(block, id);
      return false;
    }
    auto text = plain_value(block, *key, entry);
    if (!text) return false;
    values.push_back({key->name, *std::move(text)});
  }
  return true;
}

/// Says whether the block has `environment yes`. A value that is neither yes nor no is refused
/// later, like that of any other key.
bool asks_for_environment(const GivenValues& values) {
  bool yes = false;
  const GivenValue* given = given_value(values, kEnvironmentKey);
  return given != nullptr && parse_yes_or_no(given->text, yes) && yes;
}

void gather_environment(const ConfigBlock& block, GivenValues& values) {
  const Variables variables;
  if (variables.all().empty()) return;
  for (const Key& key : keys()) {
    if (!block.has(key) || key.of_blocks_only || given_value(values, key.name) != nullptr) continue;
    const char* text = variables.value_of(key.name);
    if (text != nullptr && *text != '\0') values.push_back({key.name, text, true});
  }
  if (block.names_near_variables) log_near_variables(variables);
}

}  // namespace

const GivenValue* given_value(std::span<const GivenValue> values, string_view key) noexcept {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [key](const GivenValue& each) { return each.key == key; });
  return found == values.end() ? nullptr : &*found;
}

const Key* find_key(const ConfigBlock& block, string_view name) noexcept {
  const auto all = keys();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Key& each) {
    return block.has(each) && each.name == name;
  });
  return found == all.end() ? nullptr : &*found;
}

std::string key_in_log(const ConfigBlock& block, const GivenValue& value) {
  return value.from_environment ? environment_name(value.key)
                                : block.before_key + std::string(value.key);
}

std::optional<GivenValues> gather_values(const ConfigBlock& block, const snd_config_t* conf) {
  GivenValues values;
  if (!gather_block(block, conf, values)) return std::nullopt;
  if (asks_for_environment(values)) gather_environment(block, values);
  return values;
}

void log_refusal(const ConfigBlock& block, const Key& key, const GivenValue& value) {
  SNDERR("dmasim: %s = \"%s\"; accepted: %s", key_in_log(block, value).c_str(), value.text.c_str(),
         accepted_values(key).c_str());
}

}  // namespace dmasim
