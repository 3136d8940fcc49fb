# SPDX-License-Identifier: LGPL-2.1-or-later
"""PulseAudio itself, and not the server of PipeWire. If its package would remove PipeWire's,
tools/test has unpacked it beside the build."""

import os
import shutil

import harness
import sound

UNPACKED = harness.BUILD.parent / "pulseaudio"
SECONDS = 2


class PulseAudio(harness.ClientTest):
    """PulseAudio expects a card that continues when nothing is written: its stop_threshold is
    the boundary."""

    needs = ("paplay", "parecord", "pactl")

    def setUp(self):
        super().setUp()
        self.command = self.find_server()
        self.played = self.file("played.wav")
        self.environment |= {
            "DMASIM_FILE": self.played,
            "DMASIM_SOURCE": "counter",
            "PULSE_SERVER": f"unix:{self.file('native')}",
        }

    def find_server(self):
        if shutil.which("pulseaudio"):
            return ["pulseaudio"]
        program = UNPACKED / "usr" / "bin" / "pulseaudio"
        modules = next(UNPACKED.glob("usr/lib/pulse-*/modules"), None)
        if not program.exists() or modules is None:
            self.skipTest("pulseaudio is neither installed nor unpacked")
        self.environment["LD_LIBRARY_PATH"] = os.pathsep.join(
            map(str, [modules, *UNPACKED.glob("usr/lib/*/pulseaudio")]))
        return [str(program), f"--dl-search-path={modules}"]

    def start_server(self, options):
        """Starts PulseAudio with a sink and a source on the card."""
        server = self.start_client(
            *self.command, "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
            "-L", f"module-native-protocol-unix socket={self.file('native')} auth-anonymous=1",
            "-L", f"module-alsa-sink device=dmasim sink_name=card_out {options}",
            "-L", f"module-alsa-source device=dmasim source_name=card_in {options}",
            stdout=open(self.file("pulseaudio.log"), "w"))
        self.eventually(lambda: os.path.exists(self.file("native")), "PulseAudio's socket")
        said = self.run_client("pactl", "list", "short")
        for name in ("card_out", "card_in"):
            self.assertRegex(said, rf"\t{name}\t.*s16le 2ch 48000Hz")
        return server

    def check(self, options):
        # paplay ends when everything is in the card's buffer, and not yet played.
        source = self.counted_wav(SECONDS, silence_seconds=0.3)
        recorded = self.file("recorded.wav")
        options += " format=s16le rate=48000 channels=2"

        def attempt():
            server = self.start_server(options)
            recording = self.start_client(
                "timeout", "-s", "INT", "4", "parecord", "--device=card_in", "--rate=48000",
                "--channels=2", "--format=s16le", "--latency-msec=100", "--file-format=wav",
                recorded)
            self.run_client("paplay", "--device=card_out", source)
            said = recording.communicate(timeout=harness.WATCHDOG_SECONDS)[0]
            self.assertEqual(recording.returncode, 124, said)
            harness.stop(server)
            self.assert_counted(sound.read_wav(self.played), SECONDS, buffers_by_itself=True)
            self.assert_captured(sound.read_wav(recorded), SECONDS, buffers_by_itself=True)

        self.on_time(attempt)

    def test_PlaysAndRecordsByItsTimerThroughMmap(self):
        """PulseAudio uses its timer only with a kernel's card. So it uses interrupts here,
        whatever the setting says."""
        self.check("tsched=1 mmap=1")

    def test_PlaysAndRecordsByInterruptsThroughMmap(self):
        self.check("tsched=0 mmap=1")

    def test_PlaysAndRecordsByItsTimerWithoutMmap(self):
        self.check("tsched=1 mmap=0")

    def test_PlaysAndRecordsByInterruptsWithoutMmap(self):
        self.check("tsched=0 mmap=0")
