# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sound libraries, each used by a small program in programs/: PortAudio, RtAudio, SDL2, OpenAL."""

import harness
import sound

SECONDS = 2
TAIL_SECONDS = 0.3  # the programs stop when the library has got the last frame


class PortAudio(harness.ClientTest):
    """PortAudio has the card in its list of devices. Its buffer with ALSA lasts 16 ms."""

    def setUp(self):
        super().setUp()
        self.client = self.program("portaudio_client")
        self.environment |= {"DMASIM_FILE": self.file("played.wav"), "DMASIM_SOURCE": "counter"}

    def test_PlaysBitForBit(self):
        source = self.counted_wav(SECONDS, TAIL_SECONDS)

        def attempt():
            self.run_client(self.client, "play", source, "dmasim")
            self.assert_counted(sound.read_wav(self.file("played.wav")), SECONDS)

        self.on_time(attempt, tolerant=True)

    def test_CapturesBitForBit(self):
        captured = self.file("captured.wav")

        def attempt():
            self.run_client(self.client, "capture", captured, str(SECONDS * sound.RATE), "dmasim")
            self.assert_captured(sound.read_wav(captured), SECONDS)

        self.on_time(attempt, tolerant=True)


class RtAudio(harness.ClientTest):
    """RtAudio finds only the default PCM."""

    def setUp(self):
        super().setUp()
        self.client = self.program("rtaudio_client")
        self.environment |= {"DMASIM_FILE": self.file("played.wav"), "DMASIM_SOURCE": "counter"}
        self.default_card("on")

    def test_PlaysBitForBit(self):
        source = self.counted_wav(SECONDS, TAIL_SECONDS)

        def attempt():
            self.run_client(self.client, "play", source)
            self.assert_counted(sound.read_wav(self.file("played.wav")), SECONDS)

        self.on_time(attempt, tolerant=True)

    def test_CapturesBitForBit(self):
        captured = self.file("captured.wav")

        def attempt():
            # RtAudio calls back once before it reads anything.
            self.run_client(self.client, "capture", captured, str((SECONDS + 1) * sound.RATE))
            self.assert_captured(sound.read_wav(captured), SECONDS)

        self.on_time(attempt, tolerant=True)


class Sdl(harness.ClientTest):
    ends_by_xrun = True

    def setUp(self):
        super().setUp()
        self.client = self.program("sdl_client")
        self.environment["SDL_AUDIODRIVER"] = "alsa"

    def test_PlaysBitForBit(self):
        source = self.counted_wav(SECONDS, TAIL_SECONDS)
        played = self.file("played.wav")
        self.environment["AUDIODEV"] = f"dmasim:FILE={played}"

        def attempt():
            self.run_client(self.client, "play", source)
            self.assert_counted(sound.read_wav(played), SECONDS)

        self.on_time(attempt, tolerant=True)

    def test_CapturesBitForBit(self):
        captured = self.file("captured.wav")
        self.environment["AUDIODEV"] = "dmasim:SOURCE=counter"

        def attempt():
            self.run_client(self.client, "capture", captured, str(SECONDS * sound.RATE))
            self.assert_captured(sound.read_wav(captured), SECONDS)

        self.on_time(attempt, tolerant=True)


class OpenAl(harness.ClientTest):
    """OpenAL mixes floats, so the test checks a tone and not bits. It asks for a buffer of 64
    ms."""

    def setUp(self):
        super().setUp()
        self.client = self.program("openal_client")
        conf = self.file("alsoft.conf")
        with open(conf, "w") as file:
            file.write(f"[alsa]\ndevice=dmasim:FILE={self.file('played.wav')}\n"
                       "capture=dmasim:SOURCE=counter\n")
        self.environment |= {"ALSOFT_DRIVERS": "alsa", "ALSOFT_CONF": conf}

    def test_PlaysATone(self):
        source = self.tone_wav(SECONDS)

        def attempt():
            self.run_client(self.client, "play", source)
            self.assert_tone(sound.read_wav(self.file("played.wav")), SECONDS - 0.1)

        self.on_time(attempt, tolerant=True)

    def test_CapturesBitForBit(self):
        captured = self.file("captured.wav")

        def attempt():
            self.run_client(self.client, "capture", captured, str(SECONDS * sound.RATE))
            self.assert_captured(sound.read_wav(captured), SECONDS)

        self.on_time(attempt)
