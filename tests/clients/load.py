# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machine is too busy for the client. No committed frame may be lost or changed, and each
gap must be an xrun that the PCM has counted."""

import os

import harness
import sound


class UnderLoad(harness.ClientTest):
    needs = ("aplay", "arecord")
    realtime = False
    short = ("--period-size=128", "--buffer-size=256")

    def setUp(self):
        super().setUp()
        for _ in range(2 * (os.cpu_count() or 1)):
            self.start_client("sh", "-c", "while :; do :; done")

    def test_PlaysEveryCommittedFrame(self):
        """After an xrun, aplay continues with the next frame, so no frame is missing."""
        played = self.file("played.wav")
        self.run_client("aplay", "-q", "-D", f"dmasim:FILE={played}", *self.short,
                        self.counted_wav(), timeout=120)
        trail = sound.follow(sound.read_wav(played), 2 * sound.RATE)
        print(f"  {self.xruns()} xruns, {trail}")
        self.assertTrue(trail.holds_all(2 * sound.RATE), str(trail))

    def test_CapturesWithAnXrunAtEachBreak(self):
        captured = self.file("captured.wav")
        self.run_client("arecord", "-q", "-D", "dmasim:SOURCE=counter", "-f", "S16_LE",
                        "-r", "48000", "-c", "2", "-d", "2", *self.short, captured, timeout=120)
        trail = self.assert_captured(sound.read_wav(captured), 2)
        print(f"  {self.xruns()} xruns, {trail}")
        self.assertLessEqual(set(trail.breaks), self.xrun_frames("capture"))

    def test_LoopRecordsSilenceOnlyAtXruns(self):
        """The frames are those of the player, in order. Where the player had an xrun, there is
        silence."""
        source = self.counted_wav()
        captured = self.file("captured.wav")

        def attempt():
            capture = self.start_client("arecord", "-q", "-D", "dmasim_loop", "-f", "S16_LE",
                                        "-r", "48000", "-c", "2", "-d", "6", captured)
            self.run_client("aplay", "-q", "-D", "dmasim_loop", *self.short, source, timeout=120)
            capture.communicate(timeout=120)
            trail = sound.follow(sound.read_wav(captured), 2 * sound.RATE)
            print(f"  {self.xruns()} xruns, {trail}")
            self.assertTrue(trail.in_order, str(trail))
            report, = self.reports("capture")
            if report["xruns"] > 0:
                raise harness.Late("the recorder had an xrun of its own")
            self.assertGreater(trail.found, sound.RATE, str(trail))
            self.assertLessEqual(set(trail.breaks), self.xrun_frames())

        self.in_time(attempt)
