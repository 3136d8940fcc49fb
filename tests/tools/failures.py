# SPDX-License-Identifier: LGPL-2.1-or-later
""".ci/failures prints again what has failed in a long output of a lane."""

import subprocess
import unittest

from scripts import ScriptTest

BUILD = """[1/3] Building CXX object good.o
FAILED: bad.o
bad.cpp:1:1: error: no such thing
[2/3] Building CXX object other.o
"""


class Failures(ScriptTest):
    def setUp(self):
        super().setUp()
        self.source = self.copy_source()
        self.log = self.directory / "log"

    def failures(self):
        return self.run_script(str(self.source / ".ci/failures"), str(self.log)).stdout

    def ctest(self, tests):
        """What ctest prints for tests that are shell commands."""
        directory = self.directory / "tests"
        directory.mkdir()
        lines = [f'add_test({name} sh -c [[{command}]])' for name, command in tests.items()]
        (directory / "CTestTestfile.cmake").write_text("\n".join(lines))
        done = subprocess.run(["ctest", "--test-dir", str(directory), "--output-on-failure"],
                              text=True, capture_output=True, check=False, timeout=50)
        return done.stdout

    def test_AreTheOutputOfEachFailedTest(self):
        passing = {f"good{i}": f"echo fine{i}" for i in range(30)}
        self.log.write_text(self.ctest({"bad": "echo reason; exit 1", **passing}))
        said = self.failures()
        self.assertIn("reason", said)
        self.assertIn("bad (Failed)", said)
        self.assertNotIn("good1 ", said)

    def test_AreTheOutputOfEachFailedBuildStep(self):
        self.log.write_text(BUILD + "last\n" * 30)
        said = self.failures()
        self.assertIn("no such thing", said)
        self.assertNotIn("good.o", said)
        self.assertNotIn("other.o", said)

    def test_AreCutIfThereIsMuch(self):
        self.log.write_text(self.ctest({"bad": "seq 1000 1999; exit 1"}))
        said = self.failures()
        self.assertIn("1000\n", said)
        self.assertNotIn("1500\n", said)

    def test_AreTheLastLinesIfNothingElseIsKnown(self):
        self.log.write_text("".join(f"line {i}\n" for i in range(100)))
        self.assertEqual(self.failures().splitlines()[-1], "line 99")
        self.assertNotIn("line 50\n", self.failures())


if __name__ == "__main__":
    unittest.main()
