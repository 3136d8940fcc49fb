# SPDX-License-Identifier: LGPL-2.1-or-later
"""PipeWire with the card as sink and source, in sessions of tools/pipewire. PipeWire computes
with floats, which represent 16 bits exactly. So what it neither resamples nor mixes stays the
same bit for bit."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import harness
import sound
from harness import nightly

SECONDS = 2
# At its end, pw-play loses the frames that do not fill a cycle, also with PipeWire's own null sink.
LAST_CYCLE_SECONDS = 0.3
TOOL = harness.SOURCE / "tools" / "pipewire"
RECORD = "--rate 48000 --channels 2 --format s16"


class Pipewire(harness.ClientTest):
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

    def check_playing(self, command, *options, tolerant=False):
        source = self.counted_wav(SECONDS, LAST_CYCLE_SECONDS)

        def attempt():
            self.session(f"{command} {source}", *options)
            self.assert_counted(sound.read_wav(self.played), SECONDS, buffers_by_itself=True)

        self.on_time(attempt, tolerant)

    def check_recording(self, command, *options, tolerant=False):
        """Runs `command`, which records until it is interrupted."""

        def attempt():
            self.session(f"timeout -s INT {SECONDS + 1} {command} {self.recorded} || [ $? = 124 ]",
                         *options)
            self.assert_captured(sound.read_wav(self.recorded), SECONDS,
                                 buffers_by_itself=True)

        self.on_time(attempt, tolerant)

    # --- PipeWire's own programs, PulseAudio's, ALSA's ---

    def test_PlaysWithPwPlay(self):
        self.check_playing("pw-play --target dmasim_sink")

    def test_RecordsWithPwRecord(self):
        self.check_recording(f"pw-record --target dmasim_source {RECORD}")

    def test_PlaysAndRecordsAtOnceWithPwCat(self):
        source = self.counted_wav(SECONDS, LAST_CYCLE_SECONDS)

        def attempt():
            self.session(f"""
                timeout -s INT {SECONDS + 1} pw-cat --record {RECORD} {self.recorded} &
                pw-cat --playback {source}
                wait $! || [ $? = 124 ]""")
            self.assert_counted(sound.read_wav(self.played), SECONDS, buffers_by_itself=True)
            self.assert_captured(sound.read_wav(self.recorded), SECONDS,
                                 buffers_by_itself=True)

        self.on_time(attempt)

    def test_PlaysWithPaplay(self):
        self.need("paplay")
        self.check_playing("paplay --device=dmasim_sink")

    def test_RecordsWithParecord(self):
        self.need("parecord")
        self.check_recording("parecord --device=dmasim_source --file-format=wav --rate=48000 "
                             "--channels=2 --format=s16le --latency-msec=100")

    def test_PlaysWithAplayThroughPipewire(self):
        self.need_alsa_plugin()
        self.check_playing("aplay -q -D pipewire")

    def test_RecordsWithArecordThroughPipewire(self):
        self.need_alsa_plugin()
        self.check_recording("arecord -q -D pipewire -f S16_LE -r 48000 -c 2")

    def need_alsa_plugin(self):
        if "\npipewire\n" not in self.run_client("aplay", "-L"):
            self.skipTest("pipewire-alsa is not installed")

    # --- the settings of the nodes ---

    def test_PlaysInCyclesOf256Frames(self):
        self.check_playing("pw-play", "--quantum", "256", tolerant=True)

    def test_RecordsInCyclesOf256Frames(self):
        self.check_recording(f"pw-record {RECORD}", "--quantum", "256", tolerant=True)

    def test_PlaysInCyclesOf8192Frames(self):
        self.check_playing("pw-play", "--quantum", "8192")

    def test_RecordsInCyclesOf8192Frames(self):
        self.check_recording(f"pw-record {RECORD}", "--quantum", "8192")

    def test_PlaysWithoutMmap(self):
        self.check_playing("pw-play", "--sink", "api.alsa.disable-mmap=true")

    def test_RecordsWithoutMmap(self):
        self.check_recording(f"pw-record {RECORD}", "--source", "api.alsa.disable-mmap=true")

    def test_PlaysWithHeadroomInAShortBuffer(self):
        self.check_playing("pw-play", "--sink", "api.alsa.headroom=512",
                           "--sink", "api.alsa.period-size=1024",
                           "--sink", "api.alsa.period-num=4")

    # --- the graph ---

    def link(self, *options):
        """Plays within one graph what the source captures, and observes the graph."""
        watch = self.program("pipewire_watch")
        said = self.session(f"""
            pw-link dmasim_source:capture_FL dmasim_sink:playback_FL
            pw-link dmasim_source:capture_FR dmasim_sink:playback_FR
            timeout 6 {watch} || [ $? = 124 ]""", *options)
        self.assertRegex(said, "follower dmasim_source of dmasim_sink cycles [0-9]{3}")
        self.assert_no_errors(said)
        return sound.read_wav(self.played)

    def test_LinksSourceAndSinkBitForBit(self):
        def attempt():
            self.assert_captured(self.link(), 4, buffers_by_itself=True)

        self.on_time(attempt)

    def test_LinksSourceAndSinkOfTwoClocks(self):
        """The source is faster, so PipeWire resamples it. PipeWire first has to measure the
        ratio. Whenever it changes the ratio, its resampler skips or repeats a frame."""
        self.environment["DMASIM_SOURCE"] = f"tone:{sound.TONE_HZ}"
        ppm = 300

        def attempt():
            recording = self.link("--source", "clock.name=another",
                                  "--source", f'api.alsa.path="dmasim:PPM={ppm}"')
            self.assert_tone(recording.after(3), 2, sound.TONE_HZ * (1 + ppm / 1e6),
                             tolerance=0.002, jump=0.3, buffers_by_itself=True)

        self.on_time(attempt)

    def test_ResumesASuspendedNode(self):
        """PipeWire closes a suspended PCM. The next stream begins a new recording."""
        source = self.counted_wav(SECONDS, LAST_CYCLE_SECONDS)
        first = self.file("first.wav")

        def attempt():
            self.session(f"""
                pw-play {source}
                pw-cli send-command dmasim_sink Suspend '{{}}'
                until pw-cli info dmasim_sink | grep -q 'state: "suspended"'; do :; done
                cp {self.played} {first}
                pw-play {source}""")
            self.assertEqual(len(self.reports()), 2)
            for recording in (first, self.played):
                self.assert_counted(sound.read_wav(recording), SECONDS, buffers_by_itself=True)

        self.on_time(attempt)

    def test_MixesWhatSeveralProgramsPlay(self):
        """The same as dmix does with a kernel's card."""
        self.need_alsa_plugin()
        low, high = 440, 1760
        for hz in (low, high):
            sound.write_wav(self.file(f"{hz}.wav"), sound.tone(SECONDS + 1, hz))

        def attempt():
            self.session(f"aplay -q -D pipewire {low}.wav & aplay -q -D pipewire {high}.wav; wait")
            middle = sound.read_wav(self.played).after(1)
            for hz in (low, high):
                self.assertAlmostEqual(sound.amplitude(middle, hz, seconds=1), 0.25, delta=0.01)

        self.on_time(attempt)

    def test_LibpipewireSeesTheCard(self):
        view = self.program("pipewire_view_test")
        print(self.session(view, "--quantum", "1024", timeout=120))

    # --- longer ---

    def check_errorless(self, seconds):
        source = self.counted_wav(seconds, LAST_CYCLE_SECONDS)
        watch = self.program("pipewire_watch")

        def attempt():
            said = self.session(f"{watch} & pw-play --latency 1024 {source}; kill $!; wait $!",
                                timeout=seconds + harness.WATCHDOG_SECONDS)
            self.assertRegex(said, r"driver dmasim_sink cycles [0-9]+ quantum 1024 ")
            self.assert_no_errors(said)
            self.assert_counted(sound.read_wav(self.played), seconds, buffers_by_itself=True)

        self.on_time(attempt)

    def assert_no_errors(self, said):
        """The column ERR of pw-top. A node that has just joined or left the graph has missed a
        cycle."""
        for line in said.splitlines():
            match = re.fullmatch(r"(driver dmasim\S+|follower \S+ of dmasim\S+) .*errors (\d+)",
                                 line)
            if match and int(match[2]) > 0:
                raise harness.Late(line)

    def test_PlaysTenSecondsWithoutAnError(self):
        self.check_errorless(10)

    @nightly
    def test_PlaysAMinuteWithoutAnError(self):
        self.check_errorless(60)

    # --- the script ---

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
