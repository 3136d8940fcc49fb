# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of PipeWire share: sessions of tools/pipewire with the card as sink and source."""

from pathlib import Path

import harness

TOOL = harness.SOURCE / "tools" / "pipewire"


class PipewireTest(harness.ClientTest):
    needs = ("pipewire", "wireplumber", "pipewire-pulse", "pw-play", "dbus-daemon")

    def setUp(self):
        super().setUp()
        self.played = self.file("played.wav")
        self.recorded = self.file("recorded.wav")
        self.temporary = Path(self.file("tmp"))
        self.temporary.mkdir()
        self.environment |= {"DMASIM_FILE": self.played, "DMASIM_SOURCE": "counter",
                             "TMPDIR": str(self.temporary)}

    def session(self, script, *options, timeout=harness.WATCHDOG_SECONDS):
        """Runs `script` while PipeWire has the card. Returns what it printed."""
        return self.run_client(str(TOOL), *options, "bash", "-euc", script, timeout=timeout)
