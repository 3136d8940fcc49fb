# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that the README offers for pasting."""

import array
import json
import wave
from pathlib import Path

import harness


def code_under(heading, page="README.md"):
    """The indented lines below the heading `heading` of the page."""
    text = (harness.SOURCE / page).read_text()
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))


def samples(path):
    with wave.open(str(path)) as file:
        return array.array("h", file.readframes(file.getnframes()))


class Readme(harness.ClientTest):
    needs = ("aplay", "arecord", "amixer")

    def test_TheTourRunsAsOneScript(self):
        voice = Path("/usr/share/sounds/alsa/Front_Center.wav")
        if not voice.exists():
            self.skipTest(f"{voice} is not installed")
        self.run_client("bash", "-euc", code_under("A tour"), environment={"DMASIM_REPORT": ""})
        spoken = samples(voice)
        played = samples(self.file("played.wav"))
        self.assertEqual(played[:len(spoken)], spoken)
        self.assertGreater(max(samples(self.file("tone.wav"))), 8000)
        self.assertIn(spoken[20000:20100].tobytes(), samples(self.file("captured.wav")).tobytes())
        quiet = samples(self.file("quiet.wav"))
        self.assertLess(0, max(quiet))
        self.assertLess(max(quiet), max(spoken))
        report = json.loads(Path(self.file("report.json")).read_text())
        self.assertGreaterEqual(report["frames"], len(spoken))
