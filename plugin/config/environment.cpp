// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/environment.h"

#include <alsa/asoundlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "plugin/config/keys.h"
#include "plugin/config/nearest.h"

namespace dmasim {
namespace {

constexpr std::string_view kPrefix = "DMASIM_";

/// The names of the keys that the environment can give.
std::vector<std::string_view> given_names() {
  std::vector<std::string_view> names;
  for (const Key& key : keys()) {
    if (!key.of_blocks_only) names.push_back(key.name);
  }
  return names;
}

bool names_a_key(std::string_view rest, const std::vector<std::string_view>& names) {
  return std::any_of(names.begin(), names.end(),
                     [rest](std::string_view name) { return argument_name(name) == rest; });
}

/// Pairs of a variable that is nearly right, and the right name.
std::vector<std::pair<std::string, std::string>> near_variables(const Variables& variables) {
  std::vector<std::pair<std::string, std::string>> found;
  const std::vector<std::string_view> names = given_names();
  for (const Variables::Variable& each : variables.all()) {
    if (names_a_key(each.rest, names)) continue;
    const std::string_view near = nearest(each.rest, names);
    if (near.empty()) continue;
    found.emplace_back(std::string(kPrefix) + std::string(each.rest), environment_name(near));
  }
  return found;
}

}  // namespace

std::string environment_name(std::string_view key) {
  return std::string(kPrefix) + argument_name(key);
}

Variables::Variables() {
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    std::string_view name = *variable;
    if (!name.starts_with(kPrefix)) continue;
    const size_t equals = name.find('=');
    if (equals == std::string_view::npos || equals == kPrefix.size()) continue;
    all_.push_back({name.substr(kPrefix.size(), equals - kPrefix.size()), *variable + equals + 1});
  }
}

const char* Variables::value_of(std::string_view key) const {
  const std::string wanted = argument_name(key);
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [&](const Variable& each) { return each.rest == wanted; });
  return found == all_.end() ? nullptr : found->value;
}

void log_near_variables(const Variables& variables) {
  static std::atomic<bool> said{false};
  if (said.load()) return;
  const auto found = near_variables(variables);
  if (found.empty() || said.exchange(true)) return;
  for (const auto& [name, meant] : found) {
    SNDERR("dmasim: the environment has %s, which is not used; did you mean %s?", name.c_str(),
           meant.c_str());
  }
}

}  // namespace dmasim
