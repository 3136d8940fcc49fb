# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each script says what it is for, and refuses what it does not know, before it does anything."""

import os
import unittest

from scripts import ScriptTest


class Help(ScriptTest):
    def setUp(self):
        super().setUp()
        self.source = self.copy_source()
        self.called = self.directory / "called"
        for name in ("apt-get", "cmake", "ctest", "ninja", "sudo", "aplay"):
            self.stub(name, f'echo "{name} $*" >>{self.called}; exit 99')
        self.before = self.files()

    def scripts(self):
        found = [path for folder in ("tools", ".ci") for path in (self.source / folder).iterdir()
                 if path.is_file() and os.access(path, os.X_OK)]
        self.assertGreater(len(found), 15)
        return found

    def assert_nothing_was_done(self, script):
        self.assertEqual(self.files(), self.before, script)

    def test_IsPrintedByEachScriptWhichDoesNothingElse(self):
        for script in self.scripts():
            name = str(script.relative_to(self.source))
            for option in ("--help", "-h"):
                with self.subTest(script=name, option=option):
                    done = self.run_script(str(script), option)
                    self.assertIn(name, done.stdout)
                    self.assertEqual(done.stderr, "")
                    self.assert_nothing_was_done(name)

    def test_IsPrintedForAnUnknownOptionWhichIsNamed(self):
        for script in self.scripts():
            name = str(script.relative_to(self.source))
            with self.subTest(script=name):
                done = self.run_script(str(script), "--no-such-option", status=2)
                self.assertIn("--no-such-option", done.stderr)
                self.assertIn(f"{name}", done.stderr.split("\n", 1)[1])
                self.assertEqual(done.stdout, "")
                self.assert_nothing_was_done(name)

    def test_IsPrintedByAnyNameOfTheScript(self):
        link = self.directory / "link"
        link.symlink_to(self.source / "tools" / "play")
        self.assertIn("tools/play", self.run_script(str(link), "--help").stdout)
        done = self.run_script("bash", "play", "--help", cwd=self.source / "tools")
        self.assertIn("tools/play", done.stdout)


if __name__ == "__main__":
    unittest.main()
