# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs on dmasim_fast, and on cards whose clock is not that of real time. A minute of sound is
played and captured here, and each program has to end long before a minute has passed."""

import array
import random
import time
from pathlib import Path

import harness
import sound
from players import Ffmpeg
from readme import code_under, samples

SECONDS = 60  # the watchdog of a program is shorter
FRAMES = SECONDS * sound.RATE
BUFFERS_SECONDS = 2  # more than a program has in its buffers and does not play at its end
FRAME_BYTES = 4


class FreerunTest(harness.ClientTest):
    """A card that no program is too late for needs no real-time scheduling, and no second try."""

    realtime = False

    def minute(self):
        """No two pieces of it are the same, and its first frame is no silence."""
        return b"\1" + random.Random(SECONDS).randbytes(FRAMES * FRAME_BYTES - 1)

    def minute_wav(self, silence_seconds=0):
        silence = bytes(silence_seconds * sound.RATE * FRAME_BYTES)
        path = self.file("minute.wav")
        sound.write_wav(path, array.array("h", self.minute() + silence))
        return path

    def assert_in_silence(self, recording, content):
        """The recording has the content once, in one piece, and silence before and after it."""
        begin = recording.find(content[:4096])
        self.assertGreaterEqual(begin, 0, "the recording does not have the beginning")
        end = begin + len(content)
        self.assertEqual(recording.count(0, 0, begin), begin, "something is before the sound")
        self.assertTrue(recording[begin:end] == content, "the recording is not the sound")
        self.assertEqual(recording.count(0, end), len(recording) - end,
                         "something is after the sound")


class FreerunPlayback(FreerunTest):
    def setUp(self):
        super().setUp()
        self.environment["DMASIM_FILE"] = self.file("played.raw")

    def play(self, *command, content=None):
        """No frame is missing, none comes twice, and the card has no xrun."""
        self.need(command[0])
        self.run_client(*command)
        self.assert_in_silence(self.played(), content or self.minute())
        self.assertEqual(self.xruns(), 0)

    def played(self):
        return Path(self.file("played.raw")).read_bytes()

    def test_Aplay(self):
        self.play("aplay", "-q", "-D", "dmasim_fast", self.minute_wav())

    def test_AplayThroughMmap(self):
        self.play("aplay", "-q", "-M", "--period-size=480", "--buffer-size=1920",
                  "-D", "dmasim_fast", self.minute_wav())

    def test_AplayWithoutBlocking(self):
        self.play("aplay", "-q", "-N", "-D", "dmasim_fast", self.minute_wav())

    def test_Axfer(self):
        self.play("axfer", "transfer", "playback", "-q", "-D", "dmasim_fast", self.minute_wav())

    def test_AxferThroughMmap(self):
        self.play("axfer", "transfer", "playback", "-q", "-M", "-D", "dmasim_fast",
                  self.minute_wav())

    def test_AxferByEpoll(self):
        self.play("axfer", "transfer", "playback", "-q", "-N", "--waiter-type=epoll",
                  "-D", "dmasim_fast", self.minute_wav())

    def test_Ffmpeg(self):
        self.play(*Ffmpeg.command, "-i", self.minute_wav(), "-f", "alsa", "dmasim_fast")

    def test_Sox(self):
        self.play("sox", "-q", self.minute_wav(), "-t", "alsa", "dmasim_fast")

    def test_Mpv(self):
        self.ends_by_xrun = True
        self.play("mpv", "--no-config", "--really-quiet", "--ao=alsa",
                  "--audio-device=alsa/dmasim_fast", self.minute_wav())

    def test_Mpg123(self):
        """What the card has played is what mpg123 writes to its standard output."""
        self.need("mpg123")
        self.need("ffmpeg")
        mp3 = self.file("tone.mp3")
        self.run_client(*Ffmpeg.command, "-f", "lavfi", "-i", f"sine=997:r=48000:d={SECONDS}",
                        "-ac", "2", mp3)
        decoded = self.file("decoded.raw")
        self.run_client("sh", "-c", f"mpg123 -q -s {mp3} >{decoded}")
        self.run_client("mpg123", "-q", "-o", "alsa", "-a", "dmasim_fast", mp3)
        self.assertGreaterEqual(len(self.played()), FRAMES * FRAME_BYTES)
        self.assertTrue(self.played() == Path(decoded).read_bytes())

    def test_EspeakNgThroughAplay(self):
        self.need("espeak-ng")
        voice = self.file("voice.wav")
        self.run_client("espeak-ng", "-w", voice, "As fast as you can.")
        self.run_client("sh", "-c",
                        "espeak-ng --stdout 'As fast as you can.' | aplay -q -D dmasim_fast")
        self.assert_in_silence(self.played(), Path(voice).read_bytes()[44:])

    def test_SpeakerTest(self):
        self.need("speaker-test")
        self.run_client("speaker-test", "-D", "dmasim_fast", "-c", "1", "-r", "48000", "-F",
                        "S16_LE", "-t", "sine", "-f", "440", "-l", "1")
        recording = sound.read_raw(self.file("played.raw"), channels=1)
        self.assert_tone(recording, 2.5, 440)
        self.assertEqual(self.xruns(), 0)

    def test_PortAudio(self):
        self.play(self.program("portaudio_client"), "play", self.minute_wav(BUFFERS_SECONDS),
                  "dmasim_fast")

    def test_RtAudio(self):
        """RtAudio finds only the default PCM."""
        client = self.program("rtaudio_client")
        self.default_card("on")
        self.environment["DMASIM_CLOCK"] = "freerun"
        self.play(client, "play", self.minute_wav(BUFFERS_SECONDS))


class FreerunCapture(FreerunTest):
    """The source is a sound file, which has to be read in time although no time passes."""

    def setUp(self):
        super().setUp()
        # A program may ask for more frames than it keeps.
        self.environment["DMASIM_SOURCE"] = self.minute_wav(BUFFERS_SECONDS)
        self.captured = Path(self.file("captured.wav"))

    def capture(self, *command):
        """The program writes a WAV file. Its frames are the first ones of the source."""
        self.need(command[0])
        self.run_client(*command)
        captured = self.captured.read_bytes()
        captured = captured[captured.index(b"data") + 8:]
        self.assertEqual(len(captured), FRAMES * FRAME_BYTES)
        self.assertTrue(captured == self.minute(), "the capture is not the sound")
        self.assertEqual(self.xruns(), 0)

    def test_Arecord(self):
        self.capture(*self.arecord())

    def test_ArecordThroughMmap(self):
        self.capture(*self.arecord("-M", "--period-size=480", "--buffer-size=1920"))

    def test_ArecordWithoutBlocking(self):
        self.capture(*self.arecord("-N"))

    def arecord(self, *options):
        return ("arecord", "-q", *options, "-D", "dmasim_fast", "-f", "S16_LE", "-r", "48000",
                "-c", "2", "-d", str(SECONDS), str(self.captured))

    def test_Axfer(self):
        self.capture(*self.axfer())

    def test_AxferByEpoll(self):
        self.capture(*self.axfer("-N", "--waiter-type=epoll"))

    def axfer(self, *options):
        return ("axfer", "transfer", "capture", "-q", *options, "-D", "dmasim_fast", "-f", "S16_LE",
                "-r", "48000", "-c", "2", "-d", str(SECONDS), "-t", "wav",
                str(self.captured))

    def test_Ffmpeg(self):
        """The number of frames ends the capture. ffmpeg counts the seconds of -t in real time."""
        self.capture(*Ffmpeg.command, "-f", "alsa", "-ar", "48000", "-ac", "2", "-i", "dmasim_fast",
                     "-af", "asetnsamples=4800", "-frames:a", str(FRAMES // 4800),
                     "-bitexact", str(self.captured))

    def test_Sox(self):
        self.capture("sox", "-q", "-t", "alsa", "-r", "48000", "-c", "2", "-b", "16", "dmasim_fast",
                     str(self.captured), "trim", "0", str(SECONDS))

    def test_PortAudio(self):
        self.capture_by_library("portaudio_client", "dmasim_fast")

    def test_Sdl(self):
        self.environment |= {"SDL_AUDIODRIVER": "alsa", "AUDIODEV": "dmasim_fast"}
        self.capture_by_library("sdl_client")

    def capture_by_library(self, program, *device):
        self.capture(self.program(program), "capture", str(self.captured), str(FRAMES), *device)


class FreerunPage(FreerunTest):
    needs = ("aplay", "arecord")

    def test_TheCommandsRunAsOneScript(self):
        voice = Path("/usr/share/sounds/alsa/Front_Center.wav")
        if not voice.exists():
            self.skipTest(f"{voice} is not installed")
        self.run_client("bash", "-euc", code_under("Try it", "docs/freerun.md"))
        spoken = samples(voice)
        self.assertEqual(samples(self.file("fast.wav"))[:len(spoken)], spoken)
        self.assertEqual(len(samples(self.file("minute.wav"))), 2 * 60 * 44100)
        self.assertGreater(max(samples(self.file("four.wav"))), 8000)


class ScaledClients(harness.ClientTest):
    """Real time that runs faster or slower. So a program may be late."""

    needs = ("aplay", "arecord")

    def play(self, clock, seconds):
        """Answers how long the program ran."""
        source = self.counted_wav(seconds)
        played = self.file("played.wav")

        def attempt():
            self.run_client("aplay", "-q", "-D", f"dmasim:FILE={played},CLOCK={clock}", source)
            self.assert_counted(sound.read_wav(played), seconds)

        begin = time.monotonic()
        self.on_time(attempt)
        return time.monotonic() - begin

    def test_AplayAtFourTimesTheSpeed(self):
        self.play("x4", 2)

    def test_AplayAtAQuarterOfTheSpeed(self):
        self.assertGreaterEqual(self.play("x0.25", 0.25), 1)

    def test_ArecordAtFourTimesTheSpeed(self):
        captured = self.file("captured.wav")

        def attempt():
            self.run_client("arecord", "-q", "-D", "dmasim:SOURCE=counter,CLOCK=x4", "-f", "S16_LE",
                            "-r", "48000", "-c", "2", "-d", "2", captured)
            trail = self.assert_captured(sound.read_wav(captured), 2)
            self.assertEqual(trail.first, 0, trail)

        self.on_time(attempt)
