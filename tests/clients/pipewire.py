# SPDX-License-Identifier: LGPL-2.1-or-later
"""PipeWire with the card as sink and source, in sessions of tools/pipewire. PipeWire computes
with floats, which represent 16 bits exactly. So what it neither resamples nor mixes stays the
same bit for bit."""

import re

import harness
import sound
from harness import nightly
from pipewire_base import PipewireTest

SECONDS = 2
# At its end, pw-play loses the frames that do not fill a cycle, also with PipeWire's own null sink.
LAST_CYCLE_SECONDS = 0.3
RECORD = "--rate 48000 --channels 2 --format s16"


class Pipewire(PipewireTest):
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
