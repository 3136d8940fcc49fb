# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that play and record files: ffmpeg, sox, GStreamer, mpv, mpg123, espeak-ng."""

import harness
import sound


class Ffmpeg(harness.ClientTest):
    needs = ("ffmpeg",)
    command = ("ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y")

    def test_PlaysBitForBit(self):
        source = self.counted_wav()
        played = self.file("played.wav")

        def attempt():
            self.run_client(*self.command, "-i", source, "-f", "alsa", f"dmasim:FILE={played}")
            self.assert_counted(sound.read_wav(played), 2)

        self.on_time(attempt)

    def test_CapturesBitForBit(self):
        captured = self.file("captured.wav")

        def attempt():
            self.run_client(*self.command, "-f", "alsa", "-ar", "48000", "-ac", "2",
                            "-i", "dmasim:SOURCE=counter", "-t", "2", captured)
            self.assert_captured(sound.read_wav(captured), 1.9)

        self.on_time(attempt)


class Gstreamer(harness.ClientTest):
    needs = ("gst-launch-1.0",)

    def test_PlaysBitForBit(self):
        source = self.counted_wav()
        played = self.file("played.wav")

        def attempt():
            self.run_client("gst-launch-1.0", "-q", "filesrc", f"location={source}", "!",
                            "wavparse", "!", "alsasink", f"device=dmasim:FILE={played}")
            self.assert_counted(sound.read_wav(played), 2)

        self.on_time(attempt)

    def test_CapturesBitForBit(self):
        captured = self.file("captured.raw")

        def attempt():
            self.run_client("gst-launch-1.0", "-q", "alsasrc", "device=dmasim:SOURCE=counter",
                            "num-buffers=200", "!",
                            "audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved",
                            "!", "filesink", f"location={captured}")
            self.assert_captured(sound.read_raw(captured), 1.9)

        self.on_time(attempt)


class Sox(harness.ClientTest):
    needs = ("sox",)

    def test_PlaysBitForBit(self):
        source = self.counted_wav()
        played = self.file("played.wav")

        def attempt():
            self.run_client("sox", "-q", source, "-t", "alsa", f"dmasim:FILE={played}")
            self.assert_counted(sound.read_wav(played), 2)

        self.on_time(attempt)

    def test_CapturesBitForBit(self):
        captured = self.file("captured.wav")

        def attempt():
            self.run_client("sox", "-q", "-t", "alsa", "-r", "48000", "-c", "2", "-b", "16",
                            "dmasim:SOURCE=counter", captured, "trim", "0", "2")
            self.assert_captured(sound.read_wav(captured), 2)

        self.on_time(attempt)


class Mpv(harness.ClientTest):
    needs = ("mpv",)
    ends_by_xrun = True

    def test_PlaysBitForBit(self):
        source = self.counted_wav()
        played = self.file("played.wav")

        def attempt():
            self.run_client("mpv", "--no-config", "--really-quiet", "--ao=alsa",
                            f"--audio-device=alsa/dmasim:FILE={played}", source)
            self.assert_counted(sound.read_wav(played), 2)

        self.on_time(attempt)


class Mpg123(harness.ClientTest):
    needs = ("mpg123", "ffmpeg")

    def test_PlaysATone(self):
        mp3 = self.file("tone.mp3")
        played = self.file("played.wav")
        self.run_client(*Ffmpeg.command, "-i", self.tone_wav(), "-b:a", "192k", mp3)

        def attempt():
            self.run_client("mpg123", "-q", "-o", "alsa", "-a", f"dmasim:FILE={played}", mp3)
            self.assert_tone(sound.read_wav(played), 2.98, most_seconds=3.1)

        self.on_time(attempt)


class EspeakNg(harness.ClientTest):
    needs = ("espeak-ng", "aplay")

    def test_SpeaksThroughAplay(self):
        voice = self.file("voice.wav")
        played = self.file("played.wav")
        self.run_client("espeak-ng", "-w", voice, "Plays through a card without hardware.")

        def attempt():
            self.run_client("sh", "-c", "espeak-ng --stdout 'Plays through a card without hardware.'"
                            f" | aplay -q -D dmasim:FILE={played}")
            self.assert_same(sound.read_wav(played), sound.read_wav(voice))

        self.on_time(attempt)
