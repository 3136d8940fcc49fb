# SPDX-License-Identifier: LGPL-2.1-or-later
"""The base of the client tests. Each test has a directory of its own, and an environment with no
other sound card. It runs the client's processes and checks what the card reports about them."""

import functools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import sound

BUILD = Path(os.environ["DMASIM_BUILD"]).resolve()
SOURCE = Path(__file__).resolve().parents[2]
PROGRAMS = BUILD / "tests" / "clients"

WATCHDOG_SECONDS = 30
MOST_ATTEMPTS = 5
CLIENT_PRIORITY = 5
CARD_PRIORITY = 6


@functools.cache
def realtime():
    """Runs a command under real-time scheduling, if this machine allows it, as users of
    real-time audio do. Then other programs on this machine do not delay it."""
    prefix = ["chrt", "--rr", str(CLIENT_PRIORITY)]
    try:
        granted = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return prefix if granted.returncode == 0 else []


def nightly(test):
    """Marks a test that is too long for each change. run.py and CMake search for this word."""
    return test


class Late(Exception):
    """The client was late, but the card had no xrun."""


class ClientTest(unittest.TestCase):
    """Each subclass tests one client, and each method one behaviour of it."""

    needs = ()  # commands from packages of Debian; without one of them the test is skipped
    realtime = True
    ends_by_xrun = False  # the client plays until the buffer is empty, and then closes the PCM

    def setUp(self):
        for command in self.needs:
            self.need(command)
        self.directory = Path(tempfile.mkdtemp(prefix="dmasim-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.report_file = self.directory / "report.json"
        self.environment = self.clean_environment()

    def need(self, command):
        if not shutil.which(command):
            self.skipTest(f"{command} is not installed")

    def clean_environment(self):
        """No other card, no sound server, no settings of the user, and cables of this test only."""
        kept = {key: os.environ[key] for key in ("PATH", "USER", "LOGNAME", "TERM")
                if key in os.environ}
        runtime = self.directory / "run"
        runtime.mkdir(mode=0o700)
        return kept | {
            "ALSA_CONFIG_PATH": str(BUILD / "conf" / "alsa.conf"),
            "DMASIM_REPORT": str(self.report_file),
            "DMASIM_RT_PRIORITY": str(CARD_PRIORITY if self.realtime and realtime() else 0),
            "HOME": str(self.directory),
            "LC_ALL": "C",
            "PULSE_SERVER": "unix:/nonexistent",
            "XDG_RUNTIME_DIR": str(runtime),
        }

    # --- files and devices ---

    def default_card(self, *arguments, **more):
        """A path in this test's own home directory."""
        return self.run_client(str(SOURCE / "tools" / "default-card"), *arguments, **more)

    def file(self, name):
        return str(self.directory / name)

    def program(self, name):
        """The path of a program in programs/. CMake builds it if its library is installed."""
        path = PROGRAMS / name
        if not path.exists():
            self.skipTest(f"{name} is not built: its library is not installed")
        return str(path)

    def counted_wav(self, seconds=2, silence_seconds=0):
        """The silence at the end is for clients that do not wait until everything was played."""
        path = self.file("counted.wav")
        frames = sound.counted_frames(round(seconds * sound.RATE))
        frames.extend([0] * round(silence_seconds * sound.RATE) * 2)
        sound.write_wav(path, frames)
        return path

    def tone_wav(self, seconds=3):
        path = self.file("tone.wav")
        sound.write_wav(path, sound.tone(seconds))
        return path

    # --- processes ---

    def run_client(self, *command, timeout=WATCHDOG_SECONDS, status=(0,), **more):
        """Waits for the end of the process. Returns its output as text, with standard error."""
        with self.start_client(*command, **more) as process:
            try:
                output = process.communicate(timeout=timeout)[0]
            except subprocess.TimeoutExpired:
                stop(process, signal.SIGKILL)
                self.fail(f"{command} did not end in {timeout} s:\n{process.communicate()[0]}")
        if process.returncode not in status:
            self.fail(f"{command} ended with {process.returncode}:\n{output}")
        return output

    def start_client(self, *command, environment=None, **more):
        """The process runs until it is stopped, or until the end of the test."""
        process = subprocess.Popen(
            [*(realtime() if self.realtime else []), *command], env=self.environment | (environment or {}), text=True, errors="replace",
            cwd=self.directory, stdin=subprocess.DEVNULL, start_new_session=True,
            **({"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | more))
        self.addCleanup(close, process)
        self.addCleanup(stop, process)
        return process

    def eventually(self, condition, what, timeout=WATCHDOG_SECONDS):
        """Waits until the condition is true. For conditions that no call can wait for."""
        until = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > until:
                self.fail(f"not within {timeout} s: {what}")
            time.sleep(0.02)

    # --- what the card says ---

    def reports(self, stream="playback"):
        """The reports of the PCMs that were started and closed in this attempt."""
        if not self.report_file.exists():
            return []
        lines = [json.loads(line) for line in self.report_file.read_text().splitlines()]
        return [line for line in lines if line["stream"] == stream and line["starts"] > 0]

    def xruns(self):
        """The xruns of both directions, without those with which the client ends a playback. It
        also checks what must never happen."""
        played = self.reports("playback")
        lines = played + self.reports("capture")
        self.assertTrue(lines, "no PCM of the card was started and closed")
        for line in lines:
            self.assertEqual(line["callbacks_after_synchronize"], 0, line)
            self.assertEqual(line["lost_frames"], 0, line)
        ends = len(played) if self.ends_by_xrun else 0
        return sum(line["xruns"] for line in lines) - ends

    def xrun_frames(self, stream="playback"):
        """The places of the xruns, in frames of the recording or of the source."""
        return {frame for line in self.reports(stream) for frame in line["xrun_frames"]}

    def in_time(self, attempt):
        """Runs `attempt`, which makes the checks, and repeats it as long as it raises Late."""
        for number in range(MOST_ATTEMPTS):
            self.report_file.unlink(missing_ok=True)
            try:
                return attempt()
            except Late as late:
                print(f"  attempt {number + 1}: {late}")
        self.fail(f"late in each of {MOST_ATTEMPTS} attempts")

    def on_time(self, attempt, tolerant=False):
        """Runs `attempt`, which judges by itself, and again if there were xruns, which some load on
        the machine brings upon any card, or if the client was Late: one attempt must have had
        neither. `tolerant`: the client's own buffer is so short that this machine may be late in
        each of them; what was judged then is that no break is without an xrun."""
        only_xruns = False
        for number in range(MOST_ATTEMPTS):
            self.report_file.unlink(missing_ok=True)
            try:
                attempt()
            except Late as late:
                print(f"  attempt {number + 1}: {late}")
                continue
            if self.xruns() == 0:
                return
            only_xruns = True
            print(f"  attempt {number + 1}: {self.xruns()} xruns, and no break without one")
        if not (tolerant and only_xruns):
            self.fail(f"late in each of {MOST_ATTEMPTS} attempts")

    # --- judgements ---

    def assert_breaks_are_xruns(self, breaks, said, buffers_by_itself=False):
        """If a client `buffers_by_itself`, its own buffer can run empty without an xrun of the
        card."""
        if buffers_by_itself and len(breaks) > self.xruns():
            raise Late(said)
        self.assertLessEqual(len(breaks), self.xruns(), said)

    def assert_counted(self, recording, seconds, buffers_by_itself=False):
        """The recording has all counted frames, bit for bit and in order. Each break is an xrun."""
        frames = round(seconds * sound.RATE)
        trail = sound.follow(recording, frames)
        self.assertTrue(trail.in_order, str(trail))
        self.assert_breaks_are_xruns(trail.breaks, trail, buffers_by_itself)
        if self.xruns() == 0:
            self.assertTrue(trail.holds_all(frames), str(trail))
        elif trail.found < frames / 2:
            raise Late(f"the recording is too short to show anything: {trail}")
        return trail

    def assert_captured(self, recording, seconds, bits=16, buffers_by_itself=False):
        """The recording has so much of the card's counter, from any beginning. Each break is an
        xrun."""
        at_least = round(seconds * sound.RATE)
        trail = sound.follow(recording, at_least + 10 * sound.RATE, bits)
        self.assertTrue(trail.in_order, str(trail))
        self.assert_breaks_are_xruns(trail.breaks, trail, buffers_by_itself)
        self.assertGreaterEqual(trail.found, at_least, str(trail))
        return trail

    def assert_same(self, recording, source):
        """The recording equals the source bit for bit, with silence after it."""
        self.assertEqual((recording.rate, len(recording.channels)),
                         (source.rate, len(source.channels)))
        for played, given in zip(recording.channels, source.channels):
            self.assertEqual(list(played[:len(given)]), list(given))
            self.assertFalse(any(played[len(given):]))

    def assert_tone(self, recording, seconds, frequency_hz=sound.TONE_HZ, most_seconds=None,
                    tolerance=0.001, jump=0.05, buffers_by_itself=False):
        """The recording is a tone of about this length. Each break is an xrun."""
        tone = sound.measure(recording, jump)
        self.assertAlmostEqual(tone.frequency_hz, frequency_hz, delta=frequency_hz * tolerance)
        self.assertGreaterEqual(tone.seconds, seconds, tone)
        if most_seconds is not None:
            self.assertLessEqual(tone.seconds, most_seconds, tone)
        self.assert_breaks_are_xruns(tone.breaks, tone, buffers_by_itself)
        return tone


def stop(process, by=signal.SIGTERM):
    """Ends all processes of the session, because some clients have children."""
    for number in (by, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
        return


def close(process):
    if process.stdout:
        process.stdout.close()
