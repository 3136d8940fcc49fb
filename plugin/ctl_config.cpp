// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/ctl_config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "engine/mixer_record.h"
#include "plugin/loop.h"
#include "plugin/pcm_config.h"

namespace dmasim {
namespace {

using std::string_view;

bool parse_count(string_view text, unsigned most, unsigned& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out >= 1 && out <= most;
}

bool take_card(string_view text, std::string& out) {
  out = text;
  return card_name_valid(text);
}

/// The mixer knows the first of the subdevices only; a card may have more.
bool parse_subdevices(string_view text, unsigned& out) {
  const bool parsed = parse_count(text, kMostSubdevices, out);
  out = std::min(out, kMixerSubdevices);
  return parsed;
}

struct Key {
  string_view name;
  const char* accepts;
  bool (*parse)(string_view text, CtlConfig& config);
};

constexpr std::array kKeys{
    Key{"card", kCardNameAccepts, [](string_view t, CtlConfig& c) { return take_card(t, c.card); }},
    Key{"devices", "1 to 4",
        [](string_view t, CtlConfig& c) { return parse_count(t, kMixerDevices, c.devices); }},
    Key{"subdevices", "1 to 128",
        [](string_view t, CtlConfig& c) { return parse_subdevices(t, c.subdevices); }},
};
static_assert(kMixerDevices == 4);

bool parse_entry(const Key& key, const snd_config_t* entry, CtlConfig& config) {
  char* raw = nullptr;
  if (snd_config_get_ascii(entry, &raw) < 0 || raw == nullptr) {
    SNDERR("dmasim: ctl %s is no plain value; accepted: %s", key.name.data(), key.accepts);
    return false;
  }
  const std::unique_ptr<char, decltype(&std::free)> text(raw, &std::free);
  if (*raw == '\0' || key.parse(raw, config)) return true;  // empty: the default
  SNDERR("dmasim: ctl %s = \"%s\"; accepted: %s", key.name.data(), raw, key.accepts);
  return false;
}

bool ignorable(string_view id) { return id == "comment" || id == "type" || id == "hint"; }

}  // namespace

Result<CtlConfig> parse_ctl_config(const snd_config_t* conf) {
  CtlConfig config;
  snd_config_iterator_t it = nullptr;
  snd_config_iterator_t next = nullptr;
  snd_config_for_each(it, next, conf) {
    const snd_config_t* entry = snd_config_iterator_entry(it);
    const char* id = nullptr;
    if (snd_config_get_id(entry, &id) < 0 || ignorable(id)) continue;
    const auto* key =
        std::find_if(kKeys.begin(), kKeys.end(), [id](const Key& each) { return each.name == id; });
    if (key == kKeys.end()) {
      SNDERR("dmasim: ctl has an unknown key %s; docs/mixer.md lists the known ones", id);
      return Errno{EINVAL};
    }
    if (!parse_entry(*key, entry, config)) return Errno{EINVAL};
  }
  return config;
}

}  // namespace dmasim
