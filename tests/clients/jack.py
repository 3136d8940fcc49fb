# SPDX-License-Identifier: LGPL-2.1-or-later
"""JACK2 uses MMAP_NONINTERLEAVED with floats, which represent 16 bits exactly."""

import harness
import sound

SECONDS = 2
PERIOD = 1024


class Jack(harness.ClientTest):
    needs = ("jackd", "jack_wait")

    def start_server(self, *arguments):
        server = self.start_client(
            "jackd", "-v", "-n", self.server_name(), "-r", "-d", "alsa", "-r", "48000",
            "-p", str(PERIOD), "-n", "3", *arguments, stdout=open(self.file("jackd.log"), "w"))
        self.environment["JACK_DEFAULT_SERVER"] = self.server_name()
        self.environment["JACK_NO_START_SERVER"] = "1"
        self.run_client("jack_wait", "-s", self.server_name(), "-w", "-t", "20")
        return server

    def stop_server(self, server):
        """If a client is late, the server continues without it, and the client's last period is
        played again. This is no xrun of the card, but the server logs it."""
        harness.stop(server)
        with open(self.file("jackd.log"), encoding="utf-8", errors="replace") as log:
            late = sum("graph not finished" in line or "was not finished" in line for line in log)
        if late > self.xruns():
            raise harness.Late(f"a client was late in {late} periods")

    def server_name(self):
        """A name for the server. It is also the name of its shared memory, which the whole
        machine shares."""
        return "dmasim" + self.directory.name.removeprefix("dmasim-")

    def play(self, *arguments):
        played = self.file("played.wav")
        server = self.start_server(*arguments, "-P", f"dmasim:FILE={played}", "-o", "2")
        said = self.run_client(self.program("jack_client"), "play",
                               self.counted_wav(silence_seconds=0.3))
        self.stop_server(server)
        self.assert_counted(sound.read_wav(played), SECONDS)
        return said

    def test_PlaysBitForBit(self):
        def attempt():
            said = self.play()
            self.assertIn(f"buffer_size {PERIOD}\n", said)

        self.on_time(attempt, tolerant=True)

    def test_CapturesBitForBit(self):
        captured = self.file("captured.wav")

        def attempt():
            server = self.start_server("-C", "dmasim:SOURCE=counter", "-i", "2")
            self.run_client(self.program("jack_client"), "capture", captured,
                            str(SECONDS * sound.RATE + 2 * PERIOD))  # connected late
            self.stop_server(server)
            self.assert_captured(sound.read_wav(captured), SECONDS, bits=24)

        self.on_time(attempt, tolerant=True)

    def test_RecordsItselfThroughALoop(self):
        """One duplex server plays into the cable and captures from it."""
        captured = self.file("captured.wav")

        def attempt():
            server = self.start_server("-d", "dmasim_loop", "-i", "2", "-o", "2")
            capture = self.start_client(self.program("jack_client"), "capture", captured,
                                        str((SECONDS + 1) * sound.RATE))
            self.run_client(self.program("jack_client"), "play",
                            self.counted_wav(silence_seconds=0.3))
            capture.communicate(timeout=harness.WATCHDOG_SECONDS)
            self.stop_server(server)
            self.assert_counted(sound.read_wav(captured), SECONDS)

        self.on_time(attempt, tolerant=True)
