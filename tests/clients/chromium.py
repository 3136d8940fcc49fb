# SPDX-License-Identifier: LGPL-2.1-or-later
"""Headless Chromium: it plays with WebAudio and records with getUserMedia. The page sends its
result to a server in this process, because Chromium itself never ends."""

import array
import http.server
import os
import queue
import threading
from pathlib import Path

import harness
import sound

PAGES = Path(__file__).parent / "pages"
PATIENCE_SECONDS = 60


class PageServer(http.server.ThreadingHTTPServer):
    """Serves the pages. `answers` has the path and the body of each POST of a page."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), PageHandler)
        self.answers = queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, page):
        return f"http://127.0.0.1:{self.server_port}/{page}"

    def close(self):
        self.shutdown()
        self.server_close()


class PageHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = PAGES / Path(self.path).name
        if not page.is_file():
            self.send_error(404)
            return
        body = page.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.server.answers.put((self.path, body))

    def log_message(self, *_):
        pass


class Chromium(harness.ClientTest):
    needs = ("chromium",)
    realtime = False  # a browser must not run under real-time scheduling
    ends_by_xrun = True

    def visit(self, stream, page, *options):
        """What the page sent at its end. Chromium keeps a stream open for some seconds longer."""
        server = PageServer()
        self.addCleanup(server.close)
        browser = self.start_client(
            "chromium", "--headless=new", "--no-first-run", "--disable-gpu", "--disable-quic",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={self.file('profile')}", *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "--autoplay-policy=no-user-gesture-required", *options, server.url(page),
            stdout=open(self.file("chromium.log"), "w"))
        try:
            path, body = server.answers.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            log = Path(self.file("chromium.log")).read_text(errors="replace")
            self.fail(f"Chromium (ended: {browser.poll()}) did not answer:\n{log[-3000:]}")
        self.eventually(lambda: self.reports(stream), f"Chromium closes its {stream} stream")
        harness.stop(browser)
        server.close()
        self.assertEqual(path, "/done", body)
        return body

    def test_PlaysWebAudio(self):
        played = self.file("played.wav")

        def attempt():
            self.visit("playback", f"play.html#{sound.TONE_HZ},3",
                       f"--alsa-output-device=dmasim:FILE={played}")
            self.assert_tone(sound.read_wav(played), 2.98, buffers_by_itself=True)

        self.on_time(attempt, tolerant=True)

    def test_CapturesWithGetUserMedia(self):
        def attempt():
            samples = array.array("f", self.visit(
                "capture", "capture.html#3", "--use-fake-ui-for-media-stream",
                f"--alsa-input-device=dmasim:SOURCE=tone:{sound.TONE_HZ}",
                "--alsa-output-device=dmasim"))
            # At first, Chromium's own buffer between capture and WebAudio changes its size.
            recording = sound.Sound(sound.RATE, [samples[sound.RATE // 2:]])
            self.assert_tone(recording, 2.4, buffers_by_itself=True)

        self.on_time(attempt, tolerant=True)
