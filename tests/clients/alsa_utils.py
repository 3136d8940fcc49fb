# SPDX-License-Identifier: LGPL-2.1-or-later
"""ALSA's own programs: aplay, arecord, axfer, speaker-test, alsabat, alsaloop."""

import re

import harness
import sound


class Lists(harness.ClientTest):
    needs = ("aplay", "arecord")

    def test_NameTheCard(self):
        for program in ("aplay", "arecord"):
            names = self.run_client(program, "-L").splitlines()
            for name in ("dmasim", "dmasim_loop", "dmasim_fast"):
                self.assertEqual(names.count(name), 1, (program, names))


class Aplay(harness.ClientTest):
    needs = ("aplay",)

    def check(self, *options):
        source = self.counted_wav()
        played = self.file("played.wav")

        def attempt():
            self.run_client("aplay", "-q", "-D", f"dmasim:FILE={played}", *options, source)
            self.assert_counted(sound.read_wav(played), 2)

        self.on_time(attempt)

    def test_PlaysBitForBit(self):
        self.check()

    def test_PlaysThroughMmap(self):
        self.check("--mmap")

    def test_PlaysWithoutBlocking(self):
        self.check("--nonblock")

    def test_PlaysInShortPeriodsThroughMmap(self):
        self.check("--mmap", "--period-size=480", "--buffer-size=1920")

    def test_PlaysWithThresholdsAndAvailMin(self):
        """The stop threshold is as long as the buffer, in microseconds."""
        self.check("--avail-min=1000", "--start-delay=50000", "--stop-delay=500000")


class Arecord(harness.ClientTest):
    needs = ("arecord",)

    def check(self, *options):
        captured = self.file("captured.wav")

        def attempt():
            self.run_client("arecord", "-q", "-D", "dmasim:SOURCE=counter", "-f", "S16_LE",
                            "-r", "48000", "-c", "2", "-d", "2", *options, captured)
            trail = self.assert_captured(sound.read_wav(captured), 2)
            self.assertEqual(trail.first, 0, trail)

        self.on_time(attempt)

    def test_CapturesBitForBit(self):
        self.check()

    def test_CapturesThroughMmap(self):
        self.check("--mmap")

    def test_CapturesWithoutBlocking(self):
        self.check("--nonblock")

    def test_CapturesInShortPeriods(self):
        self.check("--period-size=480", "--buffer-size=1920")

    def test_RecordsWhatAplayPlaysIntoTheLoop(self):
        source = self.counted_wav()
        captured = self.file("captured.wav")

        def attempt():
            capture = self.start_client("arecord", "-q", "-D", "dmasim_loop", "-f", "S16_LE",
                                        "-r", "48000", "-c", "2", "-d", "4", captured)
            self.run_client("aplay", "-q", "-D", "dmasim_loop", source)
            self.assertEqual(capture.wait(harness.WATCHDOG_SECONDS), 0)
            self.assert_counted(sound.read_wav(captured), 2)

        self.on_time(attempt)


class Axfer(harness.ClientTest):
    needs = ("axfer",)

    def check_playing(self, *options):
        source = self.counted_wav()
        played = self.file("played.wav")

        def attempt():
            self.run_client("axfer", "transfer", "playback", "-q", "-D", f"dmasim:FILE={played}",
                            *options, source)
            self.assert_counted(sound.read_wav(played), 2)

        self.on_time(attempt)

    def test_PlaysBitForBit(self):
        self.check_playing()

    def test_PlaysThroughMmap(self):
        self.check_playing("--mmap")

    def test_PlaysByEpoll(self):
        self.check_playing("--nonblock", "--waiter-type=epoll")

    def test_CapturesBitForBit(self):
        captured = self.file("captured.wav")

        def attempt():
            self.run_client("axfer", "transfer", "capture", "-q", "-D", "dmasim:SOURCE=counter",
                            "-f", "S16_LE", "-r", "48000", "-c", "2", "-d", "2", "-t", "wav",
                            captured)
            self.assert_captured(sound.read_wav(captured), 2)

        self.on_time(attempt)


class SpeakerTest(harness.ClientTest):
    needs = ("speaker-test",)

    def test_PlaysASine(self):
        played = self.file("played.wav")

        def attempt():
            self.run_client("speaker-test", "-D", f"dmasim:FILE={played}", "-c", "1", "-r", "48000",
                            "-F", "S16_LE", "-t", "sine", "-f", "440", "-l", "1", "-p", "100000")
            self.assert_tone(sound.read_wav(played), 2.5, 440)

        self.on_time(attempt)

    def test_PlaysOnEachOfFourSpeakers(self):
        """One channel after the other, in the order of the card's channel map."""
        played = self.file("played.wav")

        def attempt():
            said = self.run_client("speaker-test", "-D", f"dmasim:FILE={played}", "-c", "4",
                                   "-r", "48000", "-F", "S16_LE", "-t", "sine", "-f", "440",
                                   "-l", "1", "-p", "100000", timeout=60)
            recording = sound.read_wav(played)
            self.assertEqual(len(recording.channels), 4, said)
            for channel in recording.channels:
                self.assert_tone(sound.Sound(recording.rate, [channel]), 2.5, 440)

        self.on_time(attempt)


class Alsabat(harness.ClientTest):
    """alsabat expects to capture what it plays, so it uses the loop."""

    needs = ("alsabat",)

    def test_RecordsItsTone(self):
        def attempt():
            said = self.run_client("alsabat", "-P", "dmasim_loop", "-C", "dmasim_loop", "-c", "2",
                                   "-r", "48000", "-f", "S16_LE", "-F", str(sound.TONE_HZ))
            self.assertEqual(len(re.findall("PASS: Peak detected at target frequency", said)), 2,
                             said)

        self.on_time(attempt)

    def test_MeasuresTheRoundTrip(self):
        """A frame takes from write to read at least one period and at most two buffers."""
        period_ms = 1024 / 48
        said = self.run_client("alsabat", "-P", "dmasim_loop", "-C", "dmasim_loop", "-c", "2",
                               "-r", "48000", "-f", "S16_LE", "-E", "1024", "-B", "4096",
                               "--roundtriplatency", timeout=120)
        final = re.search(r"Final round trip latency: (\d+)ms", said)
        self.assertTrue(final, said)
        self.assertGreaterEqual(int(final[1]) + 1, period_ms, said)
        self.assertLessEqual(int(final[1]), 8 * period_ms, said)


class Alsaloop(harness.ClientTest):
    needs = ("alsaloop", "timeout")

    def check(self, *options):
        played = self.file("played.wav")

        def attempt():
            self.run_client("timeout", "-s", "INT", "4", "alsaloop", "-C", "dmasim:SOURCE=counter",
                            "-P", f"dmasim:FILE={played}", "-r", "48000", "-c", "2", "-f",
                            "S16_LE", "-t", "100000", *options, status=(0, 124, 130))
            self.assert_captured(sound.read_wav(played), 3)

        self.on_time(attempt)

    def test_PlaysWhatItCaptures(self):
        self.check("--sync=none")
