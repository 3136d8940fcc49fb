# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where a build goes, and how the card of a build is reached."""

import os
import re
import shutil
import subprocess
import subprocess
import unittest

from scripts import ScriptTest

# Configures as CMake does: refuses the cache of another checkout. Builds what tools/play asks for.
CMAKE = r"""
build=$PWD/build$DMASIM_BUILD_SUFFIX/release
if [ "$1" = --preset ]; then
  cache=$build/CMakeCache.txt
  if [ -e "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache"; then
    echo "CMake Error: The current CMakeCache.txt directory is different"
    exit 1
  fi
  mkdir -p "$build/conf" "$build/tools" || exit 1
  echo "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" >"$cache" || exit 1
  sed "s,@CMAKE_CURRENT_BINARY_DIR@,$build/conf,g" conf/alsa.conf.in >"$build/conf/alsa.conf"
  echo 'pcm.dmasim { type null hint.show on }' >"$build/conf/50-dmasim.conf"
  printf '#!/bin/bash\n' >"$build/tools/dmasim-show"
  chmod 700 "$build/tools/dmasim-show"
else
  printf '[ 50%%] Building\n'
  until [ -z "${UNTIL:-}" ] || [ -e "$UNTIL" ]; do sleep 0.05; done
  [ -z "${BROKEN:-}" ] || { echo 'file.cpp:1: error: broken'; exit 1; }
  printf '[100%%] Linking\n'
fi
"""


class Places(ScriptTest):
    def setUp(self):
        super().setUp()
        self.stub("cmake", CMAKE)
        self.stub("pkg-config", "exit 0")
        self.voice = self.directory / "voice.wav"
        self.voice.write_bytes(b"RIFF\0\0\0\0WAVE")

    def play(self, source, status=0):
        (source / "tools" / "setup").write_text("#!/bin/sh\n")
        return self.run_script(str(source / "tools" / "play"), str(self.voice), status=status)

    def stub_aplay(self):
        self.stub("aplay", 'cat "$ALSA_CONFIG_PATH" >/dev/null || exit 1; echo "conf: $ALSA_CONFIG_PATH"')

    def test_AreTheUsualOnesAgainAndAgain(self):
        self.stub_aplay()
        source = self.copy_source()
        for _ in range(2):
            self.assertNotIn("build-2", self.play(source).stderr)
        self.assertFalse((source / "build-2").exists())

    def test_AreNewOnesForACheckoutThatHasMoved(self):
        self.stub_aplay()
        source = self.copy_source("before")
        self.play(source)
        moved = source.rename(self.directory / "after")
        for _ in range(2):
            done = self.play(moved)
            self.assertIn(f"build/release was made for a checkout at {source}", done.stderr)
            self.assertIn("the build goes to build-2/release", done.stderr)
            self.assertIn(f"conf: {moved}/build-2/release/conf/alsa.conf", done.stdout)

    @unittest.skipIf(os.geteuid() == 0 and not shutil.which("setpriv"), "nobody to run as")
    def test_AreNewOnesWhereAnotherUserHasBuilt(self):
        """Root in a container has. As root, the other user is one without a name."""
        self.stub_aplay()
        source = self.copy_source()
        before = self.directory
        if os.geteuid() == 0:
            self.play(source)
            for path in (before, *before.rglob("*")):
                if source / "build" not in (path, *path.parents):
                    os.chown(path, 12345, 12345, follow_symlinks=False)
            command = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
            if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
                self.skipTest("only root can enter / here")
        else:
            (source / "build").mkdir(mode=0o500)
            command = []
        (source / "tools" / "setup").write_text("#!/bin/sh\n")
        done = self.run_script(*command, str(source / "tools" / "play"), str(self.voice))
        second = source / "build-2" / "release"
        (second / "install_manifest.txt").touch()  # as by sudo cmake --install
        again = self.run_script(*command, str(source / "tools" / "play"), str(self.voice))
        self.assertNotIn("build-3", again.stderr)
        if command:
            (second / "root's").touch()
            again = self.run_script(*command, str(source / "tools" / "play"), str(self.voice))
            self.assertIn("build-2/release has files of another user", again.stderr)
        self.assertIn("build/release cannot be written to", done.stderr)
        self.assertIn("the build goes to build-2/release", done.stderr)

    def test_AreReachedByAPathWithoutBlanksAndColons(self):
        """ALSA's own aplay reports whether it finds the card."""
        if not shutil.which("aplay"):
            self.skipTest("no aplay")
        aplay = shutil.which("aplay")
        self.stub("aplay", f'{aplay} -L | grep -qx dmasim && echo "conf: $ALSA_CONFIG_PATH"')
        for name in ("two words", "a:b"):
            done = self.play(self.copy_source(name))
            conf = done.stdout.split("conf: ")[1].strip()
            self.assertNotRegex(conf, "[ :]")
            self.assertFalse(os.path.lexists(os.path.dirname(os.path.dirname(conf))))

    def test_OfTheTestsAreRefusedBeforeAnythingIsInstalled(self):
        for name in ("two words", "a:b", "a;b"):
            source = self.copy_source(name)
            (source / "tools" / "setup").write_text(f"#!/bin/sh\ntouch '{self.home}/installed'\n")
            for script in ("tools/test", "tools/coverage", "tools/nightly", ".ci/run",
                           ".ci/lane-tsan"):
                done = self.run_script(str(source / script), status=1)
                self.assertIn("the tests need a path without blanks", done.stderr)
            self.assertFalse((self.home / "installed").exists())

    def test_ShowWhatAFailedBuildSaid(self):
        self.environment["BROKEN"] = "yes"
        self.assertIn("file.cpp:1: error: broken", self.play(self.copy_source(), status=1).stderr)

    def test_ShowProgressOnTheTerminalWhileNothingIsSaid(self):
        """The build goes on when the second has been seen."""
        self.stub_aplay()
        source = self.copy_source()
        (source / "tools" / "setup").write_text("#!/bin/sh\n")
        seen = self.directory / "seen"
        command = ["script", "-qefc", f"{source}/tools/play {self.voice}", "/dev/null"]
        with subprocess.Popen(command, env=self.environment | {"UNTIL": str(seen)},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            said = b""
            while byte := process.stdout.read1(1):
                said += byte
                if re.search(rb"\r\033\[Kbuilding:  50 %, [1-9]", said):
                    seen.touch()
        self.assertEqual(process.returncode, 0, said)
        self.assertTrue(seen.exists(), said)


if __name__ == "__main__":
    unittest.main()
