// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/keys/key_texts.h"

#include <algorithm>
#include <array>

#include "plugin/config/config_block.h"
#include "plugin/config/keys.h"

namespace dmasim {
namespace {

using std::string;
using std::string_view;

/// A device that a conf defines, with arguments for the keys of its block.
struct Definition {
  string_view name;
  const ConfigBlock& block;
  string_view without_name;  ///< the arguments that may come without their names, in this order
  string_view fixed_key;     ///< a key that is no argument, because the device has a value for it
  string_view fixed_value;
};
constexpr std::array kDefinitions{
    Definition{"pcm.dmasim", kPcmBlock, "FILE", {}, {}},
    Definition{"pcm.dmasim_loop", kPcmBlock, "FILE", "loop", "yes"},
    Definition{"pcm.dmasim_fast", kPcmBlock, "FILE", "clock", "freerun"},
    Definition{"ctl.dmasim", kCtlBlock, "CARD SUBDEVICES DEVICES", {}, {}},
};

struct Table {
  string_view name;
  bool (*has)(const Key& key);
  string_view first_column;
  string (*name_of)(string_view key);
};
constexpr std::array kTables{
    Table{"pcm arguments", [](const Key& k) { return kPcmBlock.has(k) && !k.of_blocks_only; },
          "argument", argument_name},
    Table{"ctl arguments", [](const Key& k) { return kCtlBlock.has(k) && !k.of_blocks_only; },
          "argument", argument_name},
    Table{"keys of blocks only", [](const Key& k) { return k.of_blocks_only; }, "key",
          [](string_view key) { return string(key); }},
};

string meaning(const Key& key) {
  if (key.used_by == UsedBy::playback) return "playback: " + string(key.meaning);
  if (key.used_by == UsedBy::capture) return "capture: " + string(key.meaning);
  return string(key.meaning);
}

/// `text` as a comment within a block, in lines of up to 100 columns.
string comment(string_view text) {
  constexpr size_t kLongest = 90;  // behind a tab of 8 columns, and "# "
  string lines;
  while (!text.empty()) {
    const size_t space = text.size() > kLongest ? text.rfind(' ', kLongest) : string_view::npos;
    lines.append("\t# ").append(text.substr(0, space)).append("\n");
    text.remove_prefix(space == string_view::npos ? text.size() : space + 1);
  }
  return lines;
}

string argument(const Key& key) {
  return comment(meaning(key) + ". Accepted: " + accepted_values(key) +
                 ". Default: " + string(key.by_default) + ".") +
         "\t@args." + argument_name(key.name) + " {\n\t\ttype string\n\t}\n\n";
}

string definition(const Definition& definition) {
  string arguments;
  string values;
  for (const Key& key : keys()) {
    if (!definition.block.has(key) || key.of_blocks_only) continue;
    if (key.name == definition.fixed_key) continue;
    arguments += argument(key);
    values += "\t" + string(key.name) + " $" + argument_name(key.name) + "\n";
  }
  string text(definition.name);
  text.insert(text.find('.') + 1, "!");
  text.append(" {\n\t@args [ ").append(definition.without_name).append(" ]\n\n").append(arguments);
  text.append("\ttype dmasim\n");
  if (!definition.fixed_key.empty()) {
    text.append("\t").append(definition.fixed_key).append(" ").append(definition.fixed_value);
    text.append("\n");
  }
  text.append("\tenvironment yes\n");
  return text + values + "}\n";
}

string table(const Table& table) {
  string text = "| " + string(table.first_column) + " | meaning | accepted | default |\n";
  text += "|---|---|---|---|\n";
  for (const Key& key : keys()) {
    if (!table.has(key)) continue;
    text += "| `" + table.name_of(key.name) + "` | " + meaning(key) + " | " + accepted_values(key) +
            " | " + string(key.by_default) + " |\n";
  }
  return text;
}

/// What is between `begin` and `end`, if that is all of `line`.
std::optional<string_view> between(string_view line, string_view begin, string_view end) {
  if (!line.starts_with(begin) || !line.ends_with(end)) return std::nullopt;
  line.remove_prefix(begin.size());
  return line.substr(0, line.size() - end.size());
}

string_view take_line(string_view& text) {
  const string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

}  // namespace

std::optional<string> key_text(string_view name) {
  for (const Definition& each : kDefinitions) {
    if (each.name == name) return definition(each);
  }
  for (const Table& each : kTables) {
    if (each.name == name) return table(each);
  }
  return std::nullopt;
}

std::optional<string> with_key_texts(string_view text) {
  string out;
  bool found = false;
  while (!text.empty()) {
    const string_view line = take_line(text);
    const auto in_document = between(line, "<!-- keys: ", " -->");
    const auto name = in_document ? in_document : between(line, "# keys: ", "");
    if (in_document || !name) out.append(line).append("\n");
    if (!name) continue;
    const auto written = key_text(*name);
    if (!written) return std::nullopt;
    out += *written;
    found = true;
    while (in_document && text.starts_with('|')) take_line(text);
  }
  return found ? std::optional(out) : std::nullopt;
}

}  // namespace dmasim
