// SPDX-License-Identifier: LGPL-2.1-or-later
/// The table of keys, and what is written from it.
#include "plugin/config/keys.h"

#include <set>

#include "plugin/config/config_block.h"
#include "tests/unit/plugin/config_fixture.h"
#include "tools/keys/key_texts.h"

namespace dmasim {
namespace {

/// What an ALSA conf has at `path`. Empty if it has nothing there.
std::string text_at(const ConfigText& conf, const std::string& path) {
  snd_config_t* node = nullptr;
  const char* text = "";
  auto* top = const_cast<snd_config_t*>(conf.get());  // alsa-lib has no const here, and only reads
  if (snd_config_search(top, path.c_str(), &node) < 0) return "";
  EXPECT_EQ(snd_config_get_string(node, &text), 0) << path;
  return text;
}

TEST(Keys, EachIsOnceInItsBlockAndHasAllItsTexts) {
  for (const ConfigBlock& block : {kPcmBlock, kCtlBlock}) {
    std::set<std::string_view> names;
    for (const Key& key : keys()) {
      EXPECT_TRUE(!block.has(key) || names.insert(key.name).second) << key.name;
    }
  }
  for (const Key& key : keys()) {
    EXPECT_TRUE(kPcmBlock.has(key) || kCtlBlock.has(key)) << key.name;
    for (const std::string_view text : {key.meaning, key.accepts, key.by_default}) {
      EXPECT_FALSE(text.empty()) << key.name;
      EXPECT_EQ(text.find_first_of("|\n"), std::string_view::npos) << "no cell: " << text;
    }
  }
}

TEST(Keys, EachIsAnArgumentOfEachDeviceUnlessItIsOfBlocksOnly) {
  const std::pair<const char*, ConfigBlock> devices[]{
      {"pcm.dmasim", kPcmBlock}, {"pcm.dmasim_loop", kPcmBlock}, {"ctl.dmasim", kCtlBlock}};
  for (const auto& [device, block] : devices) {
    const std::string path = device;
    const ConfigText conf(key_text(device).value());
    for (const Key& key : keys()) {
      if (!block.has(key)) continue;
      const std::string argument = argument_name(key.name);
      const std::string type = text_at(conf, path + ".@args." + argument + ".type");
      const std::string value = text_at(conf, path + '.' + std::string(key.name));
      EXPECT_EQ(type, key.of_blocks_only ? "" : "string") << path << ' ' << key.name;
      EXPECT_EQ(value == '$' + argument, !key.of_blocks_only) << path << ' ' << value;
    }
    EXPECT_EQ(text_at(conf, path + ".environment"), "yes") << path;
  }
}

TEST(Keys, TheDevicesDifferAsTheirNamesSay) {
  const ConfigText card(key_text("pcm.dmasim").value());
  EXPECT_EQ(text_at(card, "pcm.dmasim.@args.0"), "FILE");
  EXPECT_EQ(text_at(card, "pcm.dmasim.@args.1"), "");
  EXPECT_EQ(text_at(card, "pcm.dmasim.loop"), "");
  const ConfigText loop(key_text("pcm.dmasim_loop").value());
  EXPECT_EQ(text_at(loop, "pcm.dmasim_loop.@args.0"), "FILE");
  EXPECT_EQ(text_at(loop, "pcm.dmasim_loop.loop"), "yes");
  const ConfigText control(key_text("ctl.dmasim").value());
  EXPECT_EQ(text_at(control, "ctl.dmasim.@args.0"), "CARD");
  EXPECT_EQ(text_at(control, "ctl.dmasim.@args.1"), "SUBDEVICES");
  EXPECT_EQ(text_at(control, "ctl.dmasim.@args.2"), "DEVICES");
}

TEST(Keys, EachIsARowOfATableInTheDocuments) {
  const std::string pcm = key_text("pcm arguments").value();
  const std::string ctl = key_text("ctl arguments").value();
  const std::string only = key_text("keys of blocks only").value();
  const auto has_row = [](const std::string& table, const std::string& name, const Key& key) {
    const auto row = table.find("\n| `" + name + "` | ");
    const std::string end =
        " | " + accepted_values(key) + " | " + std::string(key.by_default) + " |\n";
    return row != std::string::npos && table.find(end, row) != std::string::npos;
  };
  for (const Key& key : keys()) {
    const std::string name(key.name);
    const std::string argument = argument_name(name);
    EXPECT_EQ(has_row(only, name, key), key.of_blocks_only) << name;
    if (key.of_blocks_only) continue;
    EXPECT_TRUE(!kPcmBlock.has(key) || has_row(pcm, argument, key)) << name;
    EXPECT_TRUE(!kCtlBlock.has(key) || has_row(ctl, argument, key)) << name;
  }
}

TEST(Keys, ADocumentsTableIsWrittenAnewAndNothingElse) {
  const std::string table = key_text("ctl arguments").value();
  const std::string before = "text\n<!-- keys: ctl arguments -->\n";
  const std::string after = "\n| another | table |\nkeys: x\n";
  EXPECT_EQ(with_key_texts(before + "| old |\n|---|\n" + after), before + table + after);
  EXPECT_EQ(with_key_texts(before + after), before + table + after);
  EXPECT_EQ(with_key_texts(before + table + after), before + table + after);
}

TEST(Keys, ADefinitionTakesThePlaceOfItsLine) {
  EXPECT_EQ(with_key_texts("# one\n# keys: ctl.dmasim\n# two\n"),
            "# one\n" + key_text("ctl.dmasim").value() + "# two\n");
}

TEST(Keys, AFileWithoutAPlaceOrWithAWrongNameIsRefused) {
  EXPECT_FALSE(with_key_texts(""));
  EXPECT_FALSE(with_key_texts("text\n| a | b |\n"));
  EXPECT_FALSE(with_key_texts("# keys: ctl.dmasim\n# keys: ctl.dmasin\n"));
  EXPECT_FALSE(with_key_texts("<!-- keys: -->\n"));
}

}  // namespace
}  // namespace dmasim
