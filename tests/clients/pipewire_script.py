# SPDX-License-Identifier: LGPL-2.1-or-later
"""The script tools/pipewire: what it starts, passes on and leaves behind; and its drop-ins."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import harness
import sound
from pipewire_base import TOOL, PipewireTest


class Pipewire(PipewireTest):
    def start_session(self, script):
        """Starts a session and waits until it prints `ready`."""
        process = self.start_client(str(TOOL), "bash", "-c", script)
        self.assertIn("ready\n", iter(process.stdout.readline, ""))
        return process

    def processes(self):
        """All processes with this test's directory in their environment. The daemons are among
        them."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if str(self.directory).encode() in (path / "environ").read_bytes():
                    found.append((path / "cmdline").read_text().replace("\0", " "))
            except OSError:
                pass
        return found

    def assert_nothing_is_left(self):
        self.assertEqual(self.processes(), [])
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_EndsByTheSignalThatEndsTheCommand(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process = self.start_session("echo ready; exec sleep 60")
            os.kill(process.pid, number)
            self.assertEqual(process.wait(10), 128 + number)
            self.assert_nothing_is_left()

    def test_EndsAllProcessesHoweverOftenItIsSignalled(self):
        process = self.start_session("echo ready; exec sleep 60")
        for _ in range(1000):
            process.terminate()
            time.sleep(0.005)
            if process.poll() is not None:
                break
        self.assertEqual(process.wait(10), 143)
        self.assert_nothing_is_left()

    def test_LivesWhileTheCommandAnswersAnInterrupt(self):
        """Sends the signal to all processes of the terminal, as ^C does."""
        process = self.start_session("""
            answer() { sleep 0.5; pw-link --input; exit 7; }
            trap answer INT
            echo ready
            while :; do sleep 0.1; done""")
        os.killpg(process.pid, signal.SIGINT)
        self.assertIn("dmasim_sink:playback_FL", process.communicate(timeout=10)[0])
        self.assertEqual(process.returncode, 7)
        self.assert_nothing_is_left()

    def test_PassesOnInputAndStatus(self):
        said = self.run_client("sh", "-c", f"echo given | {TOOL} sh -c 'cat; exit 5'", status=(5,))
        self.assertIn("given\n", said)

    def test_StartsNothingForWhatItRefuses(self):
        for arguments, status, answer in (
                (("--quantum", "255", "true"), 1, "256 to 8192"),
                (("--quantum", "8193", "true"), 1, "256 to 8192"),
                (("--quantum", "0512", "true"), 1, "256 to 8192"),
                (("--sink", "audio.rate", "true"), 1, "KEY=VALUE"),
                (("--sink", "=1", "true"), 1, "KEY=VALUE"),
                (("--source", "node.name=mine", "true"), 1, "dmasim_source"),
                (("-q", "512", "true"), 2, "--quantum N"),
                (("--quantum",), 2, "--quantum N"),
                (("no-such-command",), 127, "no such command"),
                (("find_card",), 127, "no such command")):
            self.assertIn(answer, self.run_client(str(TOOL), *arguments, status=(status,)))
            self.assert_nothing_is_left()

    def test_LeavesTheCommandItsEnvironment(self):
        """The environment, without variables that would lead PipeWire's programs to another
        server."""
        mine = {"DISPLAY": ":99", "WAYLAND_DISPLAY": "wayland-99", "XDG_CONFIG_HOME": "/my/config",
                "XDG_STATE_HOME": "/my/state", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/my/bus",
                "XDG_RUNTIME_DIR": self.environment["XDG_RUNTIME_DIR"]}
        self.environment |= mine | {
            "PIPEWIRE_CORE": "elsewhere", "PIPEWIRE_REMOTE": "elsewhere",
            "PIPEWIRE_RUNTIME_DIR": "/elsewhere", "PULSE_RUNTIME_PATH": "/elsewhere",
            "PULSE_SERVER": "unix:/elsewhere", "WIREPLUMBER_CONFIG_DIR": "/nowhere"}
        lines = self.session("env; pw-link --input").splitlines()
        for key, value in mine.items():
            self.assertIn(f"{key}={value}", lines)
        self.assertIn("dmasim_sink:playback_FL", lines)
        self.assertNotIn("elsewhere", "".join(lines))

    def test_HasTheMixerOfAllPrograms(self):
        self.run_client("amixer", "-q", "-D", "dmasim", "sset", "Master", "off")
        self.session(f"amixer -D dmasim sget Master | grep -q off; pw-play {self.tone_wav(1)}")
        recording = sound.read_wav(self.played)
        self.assertGreater(len(recording.channels[0]), 0)
        self.assertFalse(any(any(channel) for channel in recording.channels))

    def test_PlaysIntoACableOfAllPrograms(self):
        """A recorder outside of the session, started before it, records what the sink plays."""
        del self.environment["DMASIM_SOURCE"]
        recorded = self.file("recorded.wav")
        device = "dmasim:CABLE=reaches-out"
        recorder = self.start_client("arecord", "-q", "-D", device, "-f", "S16_LE", "-r", "48000",
                                     "-c", "2", recorded)
        self.session(f"pw-play {self.tone_wav(1)}", "--sink", f"api.alsa.path={device}")
        recorder.send_signal(signal.SIGINT)
        recorder.wait(10)
        self.assertTrue(any(sound.read_wav(recorded).channels[0]))

    def test_QuotesTheNodesProperties(self):
        said = self.session("pw-cli info dmasim_sink; pw-cli info dmasim_source",
                            "--sink", r'node.description=A card, "mine": C:\card {#1}',
                            "--sink", "audio.position=FL,FR",
                            "--source", 'node.description="Quoted, already"')
        self.assertIn(r'node.description = "A card, "mine": C:\card {#1}"', said)
        self.assertIn('node.description = "Quoted, already"', said)

    def test_WaitsForPortsOfAnyName(self):
        said = self.session("pw-link --input --output", "--sink", "audio.channels=1",
                            "--sink", "audio.position=MONO", "--source", "audio.channels=1",
                            "--source", "audio.position=MONO")
        self.assertIn("dmasim_sink:playback_MONO", said)
        self.assertIn("dmasim_source:capture_MONO", said)

    def test_RunsByALinkAndFromAnywhere(self):
        """With CDPATH, cd prints the directory to which it went. PATH has another `pipewire`."""
        Path(self.file("link")).symlink_to(TOOL)
        for command in ("./link", f"cd {harness.SOURCE} && tools/pipewire",
                        f"cd {TOOL.parent} && bash pipewire"):
            said = self.run_client("sh", "-c", f"{command} echo here",
                                   environment={"CDPATH": "."})
            self.assertEqual(said, "here\n")

    def stub(self, name, script):
        """In front of what else is called so."""
        stubs = Path(self.file("stubs"))
        stubs.mkdir(exist_ok=True)
        stub = stubs / name
        stub.write_text(f"#!/bin/sh\n{script}\n")
        stub.chmod(0o700)
        return {"PATH": f"{stubs}:{self.environment['PATH']}"}

    def test_FindsTheCardAmongMany(self):
        environment = self.stub("aplay", "echo dmasim; yes another | head -n 100000")
        self.run_client(str(TOOL), "true", environment=environment)

    def test_NeedsNoCompiler(self):
        programs = Path(self.file("programs"))
        programs.mkdir()
        for name in ("aplay", *self.needs):
            (programs / name).symlink_to("/bin/true")
        for name in ("bash", "dirname", "realpath"):
            (programs / name).symlink_to(shutil.which(name))
        said = self.run_client("env", f"PATH={programs}",
                               str(harness.SOURCE / "tools" / "setup"), "pipewire")
        self.assertEqual(said, "")

    def test_NeedsNothingOfSystemd(self):
        """As in a container, where no service knows who is logged in."""
        command = [str(TOOL), "true"]
        if Path("/run/systemd").exists():
            if subprocess.run(["unshare", "--mount", "true"], check=False,
                              capture_output=True).returncode != 0:
                self.skipTest("no mount name spaces here")
            command = ["unshare", "--mount", "sh", "-euc",
                       'mount -t tmpfs none /run/systemd; exec "$@"', "sh", *command]
        self.run_client(*command)

    # --- installation ---

    def test_InstallsItsDropInsOnlyIfAsked(self):
        name = "50-dmasim-sink.conf"
        for arguments, installed in ((), False), (("--component", "pipewire"), True):
            root = self.file(f"root{installed}")
            self.run_client("cmake", "--install", str(harness.BUILD), *arguments,
                            environment={"DESTDIR": root}, timeout=120)
            found = [path.name for path in self.directory.glob(f"root{installed}/**/{name}")]
            self.assertEqual(found, [name] if installed else [])
