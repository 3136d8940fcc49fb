# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each folder of engine/ and plugin/ includes only what lies below it."""

import re
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^#include "([^"]+)/[^"/]+"', re.MULTILINE)

# What a folder uses, beside itself and what those use in their turn.
ENGINE = {
    "engine/base": (),
    "engine/dma": ("engine/base",),
    "engine/pcm": ("engine/base",),
    "engine/card": ("engine/base", "engine/pcm"),
    "engine/device": ("engine/dma", "engine/pcm", "engine/card"),
    "engine/recording": ("engine/device",),
    "engine/cable": ("engine/device", "engine/card"),
}
PLUGIN = {
    "plugin/process": ("engine/base",),
    "plugin/pcm": ("plugin/process", *ENGINE),
    "plugin/config": ("plugin/pcm",),
    "plugin/open": ("plugin/config", "plugin/pcm"),
    "plugin/ctl": ("plugin/config",),
    "plugin/report": ("plugin/config",),
    "plugin/hooks": ("plugin/report",),
    "plugin": ("plugin/open", "plugin/hooks"),
}
USES = ENGINE | PLUGIN


def below(folder):
    """All that `folder` may include."""
    seen = {folder}
    for used in USES[folder]:
        seen |= below(used)
    return seen


def upwards(folder, text):
    """The folders that `text`, a source in `folder`, includes though they are not below."""
    return [included for included in INCLUDE.findall(text) if included not in below(folder)]


def sources():
    for top in ("engine", "plugin"):
        for path in sorted((SOURCE / top).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                yield path.relative_to(SOURCE)


class Wings(unittest.TestCase):
    def test_EachSourceLiesInOneOfThem(self):
        for path in sources():
            self.assertIn(str(path.parent), USES, path)

    def test_IncludesRunDownwards(self):
        for path in sources():
            self.assertEqual(upwards(str(path.parent), (SOURCE / path).read_text()), [], path)

    def test_AnIncludeUpwardsOrSidewaysIsFound(self):
        self.assertEqual(upwards("engine/dma", '#include "engine/device/sink.h"\n'),
                         ["engine/device"])
        self.assertEqual(upwards("engine/cable", '#include "engine/recording/recording.h"\n'),
                         ["engine/recording"])
        self.assertEqual(upwards("plugin/ctl", '#include "plugin/open/card.h"\n'), ["plugin/open"])
        self.assertEqual(upwards("plugin/process", '#include "engine/dma/channel.h"\n'),
                         ["engine/dma"])
        self.assertEqual(upwards("plugin/open", '#include "engine/cable/cable.h"\n'), [])

    def test_NoAlsaHeaderEntersTheEngine(self):
        for path in sources():
            if path.parts[0] == "engine":
                self.assertNotIn("#include <alsa/", (SOURCE / path).read_text(), path)


if __name__ == "__main__":
    unittest.main()
