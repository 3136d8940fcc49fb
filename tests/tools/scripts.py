# SPDX-License-Identifier: LGPL-2.1-or-later
"""A copy of what git would check out, in a directory of the test's own, and programs that stand in
for those of the machine."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns("build", "build-*", ".git", "__pycache__")


class ScriptTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.directory = Path(holder.name).resolve()
        self.stubs = self.directory / "stubs"
        self.home = self.directory / "home"
        self.temporary = self.directory / "tmp"
        for path in (self.stubs, self.home, self.temporary):
            path.mkdir()
        self.environment = {"PATH": f"{self.stubs}:{os.environ['PATH']}", "HOME": str(self.home),
                            "TMPDIR": str(self.temporary)}

    def copy_source(self, name="source"):
        """Its scripts only: what is compiled has no part in these tests."""
        copy = self.directory / name
        for folder in ("tools", ".ci", "conf", "cmake", "tests/clients"):
            shutil.copytree(SOURCE / folder, copy / folder, ignore=NOT_COPIED)
        for file in ("CMakeLists.txt", "CMakePresets.json"):
            shutil.copy(SOURCE / file, copy / file)
        return copy

    def stub(self, name, script):
        path = self.stubs / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o700)

    def files(self):
        """All that is in the test's directory, but for the stubs."""
        return sorted(str(path) for path in self.directory.rglob("*")
                      if self.stubs not in path.parents)

    def run_script(self, *command, status=0, **more):
        done = subprocess.run(command, env=self.environment, text=True, capture_output=True,
                              timeout=50, check=False, stdin=subprocess.DEVNULL, **more)
        self.assertEqual(done.returncode, status, f"{command}: {done.stdout}{done.stderr}")
        return done
