# SPDX-License-Identifier: LGPL-2.1-or-later
"""Remembers which checks passed, by a key of everything that a check depends on. A failure is never
kept. .ci/run sets DMASIM_RESULT_CACHE, the directory, and DMASIM_CACHE_TALLY, a file that gets one
line for each question; without the first nothing is remembered."""

import hashlib
import os
import time
from pathlib import Path

KEPT_SECONDS = 30 * 24 * 3600


class Key:
    """Each part counts with its length, so that no two lists of parts look alike."""

    def __init__(self, kind):
        self._hash = hashlib.sha256()
        self.add(kind)

    def add(self, part):
        if isinstance(part, str):
            part = part.encode()
        self._hash.update(len(part).to_bytes(8, "little"))
        self._hash.update(part)

    def add_file(self, path):
        self.add(Path(path).read_bytes())

    def text(self):
        return self._hash.hexdigest()


class ResultCache:
    def __init__(self):
        directory = os.environ.get("DMASIM_RESULT_CACHE")
        self._directory = Path(directory) if directory else None
        self._tally = os.environ.get("DMASIM_CACHE_TALLY")

    def enabled(self):
        return self._directory is not None

    def passed_before(self, key):
        """What remember() was given when the check with this key passed; None if it never did."""
        if not self.enabled():
            return None
        entry = self._directory / key.text()
        try:
            text = entry.read_text()
            os.utime(entry)
        except OSError:
            text = None
        self._count("hit" if text is not None else "miss")
        return text

    def remember(self, key, text):
        if not self.enabled():
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        unfinished = self._directory / f"{key.text()}.{os.getpid()}"
        unfinished.write_text(text)
        unfinished.rename(self._directory / key.text())

    def forget_old(self):
        """Removes what no run has asked for in a month."""
        if not self.enabled() or not self._directory.is_dir():
            return
        oldest = time.time() - KEPT_SECONDS
        for entry in self._directory.iterdir():
            if entry.stat().st_mtime < oldest:
                entry.unlink(missing_ok=True)

    def _count(self, word):
        if self._tally:
            with open(self._tally, "a", encoding="ascii") as tally:
                tally.write(word + "\n")
