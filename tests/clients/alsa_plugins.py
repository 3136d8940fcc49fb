# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plugins of alsa-lib on top of the card. A program opens the plugin, and the card is its slave."""

from pathlib import Path

import harness
import sound


class AlsaPlugins(harness.ClientTest):
    needs = ("aplay", "arecord")

    def setUp(self):
        super().setUp()
        self.played = self.file("played.wav")
        self.environment |= {"DMASIM_FILE": self.played, "DMASIM_SOURCE": "counter"}

    def define(self, text):
        Path(self.file(".asoundrc")).write_text(text)

    def play(self, pcm, source):
        self.run_client("aplay", "-q", "-D", pcm, source)
        return sound.read_wav(self.played)

    def check_playing(self, pcm):
        source = self.counted_wav()
        self.on_time(lambda: self.assert_counted(self.play(pcm, source), 2))

    def check_capturing(self, pcm):
        captured = self.file("captured.wav")

        def attempt():
            self.run_client("arecord", "-q", "-D", pcm, "-f", "S16_LE", "-r", "48000", "-c", "2",
                            "-d", "2", captured)
            self.assert_captured(sound.read_wav(captured), 2)

        self.on_time(attempt)

    def test_PlugPassesOnWhatTheCardTakes(self):
        self.check_playing("plug:dmasim")

    def test_PlugCapturesWhatTheCardGives(self):
        self.check_capturing("plug:dmasim")

    def test_PlugConvertsFormatRateAndChannels(self):
        """The card accepts only mono floats at 44.1 kHz."""
        source = self.tone_wav()
        pcm = "plug:'dmasim:FORMAT=FLOAT_LE,RATE=44100,CHANNELS=1'"

        def attempt():
            recording = self.play(pcm, source)
            self.assertEqual((recording.rate, len(recording.channels)), (44100, 1))
            self.assert_tone(recording, 2.99, most_seconds=3.01)

        self.on_time(attempt)

    def test_RateConverts(self):
        """The buffer need not be a multiple of the period."""
        self.define("pcm.converted { type rate slave { pcm dmasim rate 96000 } }\n")
        source = self.tone_wav()

        def attempt():
            recording = self.play("converted", source)
            self.assertEqual(recording.rate, 96000)
            self.assert_tone(recording, 2.99, most_seconds=3.01)

        self.on_time(attempt)

    def test_RateConvertsACapture(self):
        self.define("pcm.converted { type rate slave { pcm dmasim rate 32000 } }\n")
        self.environment["DMASIM_SOURCE"] = f"tone:{sound.TONE_HZ}"
        captured = self.file("captured.wav")

        def attempt():
            self.run_client("arecord", "-q", "-D", "converted", "-f", "S16_LE", "-r", "48000",
                            "-c", "2", "-d", "2", captured)
            # The linear converter of alsa-lib distorts a sine.
            self.assert_tone(sound.read_wav(captured), 1.9, jump=0.1)

        self.on_time(attempt)

    def test_RouteSwapsChannels(self):
        self.define("pcm.swapped { type route slave { pcm dmasim channels 2 }\n"
                    "  ttable { 0 { 1 1 } 1 { 0 1 } } }\n")
        source = self.counted_wav()

        def attempt():
            recording = self.play("swapped", source)
            self.assert_counted(sound.Sound(recording.rate, recording.channels[::-1]), 2)

        self.on_time(attempt)

    def test_MultiJoinsTwoCards(self):
        files = [self.file(f"{number}.wav") for number in (0, 1)]
        self.define("pcm.joined { type multi\n" + "".join(
            f'  slaves.{name} {{ pcm "dmasim:FILE={path}" channels 1 }}\n'
            f"  bindings.{number} {{ slave {name} channel 0 }}\n"
            for number, (name, path) in enumerate(zip("ab", files))) + "}\n")
        source = self.counted_wav()

        def attempt():
            self.run_client("aplay", "-q", "-D", "plug:joined", source)
            halves = [sound.read_wav(path) for path in files]
            self.assert_counted(sound.Sound(sound.RATE, [half.channels[0] for half in halves]), 2)

        self.on_time(attempt)

    def test_AsymHasACardForEachDirection(self):
        self.define('pcm.both { type asym playback.pcm "dmasim"\n'
                    '  capture.pcm "dmasim:SOURCE=counter" }\n')
        self.check_playing("both")
        self.check_capturing("both")

    def test_FileKeepsACopy(self):
        copy = self.file("copy.wav")
        self.define(f'pcm.copied {{ type file slave.pcm dmasim file "{copy}" format wav }}\n')
        source = self.counted_wav()

        def attempt():
            self.assert_counted(self.play("copied", source), 2)
            self.assert_counted(sound.read_wav(copy), 2)

        self.on_time(attempt)

    def test_ShareRunsAtTheCardsPace(self):
        """The plugin share asks for positions before there is a setup. It plays only silence,
        because it maps its slave's memory a second time, and this works only with a kernel's
        card.

        The test does not wait for the end of aplay. snd_pcm_share_close() in alsa-lib closes the
        card's PCM and frees the slave, and then takes its own entry out of a list in the freed
        slave. So the C library may find a broken heap, and aplay hangs in its handler of SIGABRT."""
        self.define("""
            pcm_slave.stereo { pcm dmasim channels 2 rate 48000 format S16_LE period_time 20000
              buffer_time 200000 }
            pcm.left { type share slave stereo bindings.0 0 }
        """)
        self.start_client("aplay", "-q", "-D", "plug:left", self.tone_wav(2))
        self.eventually(self.reports, "share closes the card's PCM")
        report, = self.reports()
        self.assertGreaterEqual(report["frames"], 1.8 * sound.RATE)

    # As docs/clients.md says: alsa-lib refuses this before it asks the card.

    def test_DmixTakesOnlyAKernelsCard(self):
        self.define("pcm.mixed { type dmix ipc_key 5678 slave.pcm dmasim }\n")
        said = self.run_client("aplay", "-q", "-D", "mixed", self.counted_wav(), status=(1,))
        self.assertIn("Invalid type 'dmasim' for slave PCM", said)

    def test_DsnoopTakesOnlyAKernelsCard(self):
        self.define("pcm.snooped { type dsnoop ipc_key 5679 slave.pcm dmasim }\n")
        said = self.run_client("arecord", "-q", "-D", "snooped", "-d", "1", "-f", "cd",
                               self.file("captured.wav"), status=(1,))
        self.assertIn("Invalid type 'dmasim' for slave PCM", said)

    def test_SoftvolTakesOnlyAKernelsCard(self):
        if Path("/proc/asound/card0").exists():
            self.skipTest("there is a kernel's card, which would get a new control")
        self.define("pcm.soft { type softvol slave.pcm dmasim control { name Soft card 0 } }\n")
        said = self.run_client("aplay", "-q", "-D", "soft", self.counted_wav(), status=(1,))
        self.assertIn("hw:0", said)
