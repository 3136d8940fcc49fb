// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/environment.h"

#include <alsa/asoundlib.h>
#include <unistd.h>

#include <atomic>
#include <utility>
#include <vector>

#include "plugin/config/keys.h"
#include "plugin/config/nearest.h"

namespace dmasim {
namespace {

constexpr std::string_view kPrefix = "DMASIM_";

/// The rest of a variable's name after the prefix DMASIM_; empty if it has another prefix.
std::string_view key_of(std::string_view variable) {
  if (!variable.starts_with(kPrefix)) return {};
  variable.remove_prefix(kPrefix.size());
  return variable.substr(0, variable.find('='));
}

/// The names of the keys that the environment can give.
std::vector<std::string_view> given_names() {
  std::vector<std::string_view> names;
  for (const Key& key : keys()) {
    if (!key.of_blocks_only) names.push_back(key.name);
  }
  return names;
}

/// Pairs of a variable that is nearly right, and the right name.
std::vector<std::pair<std::string, std::string>> near_variables() {
  std::vector<std::string_view> names;
  std::vector<std::pair<std::string, std::string>> found;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view key = key_of(*variable);
    if (key.empty()) continue;
    if (names.empty()) names = given_names();
    const std::string_view near = nearest(key, names);
    if (near.empty()) continue;
    std::string name = std::string(kPrefix) + std::string(key);
    std::string meant = environment_name(near);
    if (name != meant) found.emplace_back(std::move(name), std::move(meant));
  }
  return found;
}

}  // namespace

std::string environment_name(std::string_view key) {
  return std::string(kPrefix) + argument_name(key);
}

void log_near_variables() {
  static std::atomic<bool> said{false};
  if (said.load()) return;
  const auto found = near_variables();
  if (found.empty() || said.exchange(true)) return;
  for (const auto& [name, meant] : found) {
    SNDERR("dmasim: the environment has %s, which is not used; did you mean %s?", name.c_str(),
           meant.c_str());
  }
}

}  // namespace dmasim
