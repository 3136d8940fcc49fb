# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/setup on a machine that has nothing but coreutils and an apt-get that keeps a record."""

import shutil
import unittest

from scripts import SOURCE, ScriptTest

SETUP = str(SOURCE / "tools" / "setup")

# Knows packages after `update` only, where UPDATED names a file. For what CONFLICTING lists it would
# remove pulseaudio.
APT_GET = """
echo "apt-get $*" >>"$CALLS"
case "$*" in
  *update*) : >"$UPDATED"; exit 0 ;;
esac
[ -e "$UPDATED" ] || { echo "E: Unable to locate package"; exit 100; }
conflict=
packages=()
for word in "$@"; do
  case $word in
    -* | install | *::*) ;;
    *)
      packages+=("$word")
      case " $CONFLICTING " in *" $word "*) conflict=yes ;; esac
      ;;
  esac
done
case "$*" in
  *--print-uris*) printf "'http://x/%s.deb' x.deb 1500000 SHA256:0\\n" "${packages[@]}" ;;
  *-s*)
    [ -z "$conflict" ] || echo "Remv pulseaudio [16.1]"
    printf 'Inst %s (1.0)\\n' "${packages[@]}"
    ;;
  *--no-remove*) [ -z "$conflict" ] || exit 100 ;;
  *) exit 98 ;;
esac
"""


class Setup(ScriptTest):
    def setUp(self):
        super().setUp()
        self.calls = self.directory / "calls"
        self.calls.touch()
        self.updated = self.directory / "updated"
        self.updated.touch()
        for name in ("bash", "cat", "dirname", "env", "grep", "id", "mktemp", "realpath", "rm", "sed",
                     "sort"):
            (self.stubs / name).symlink_to(shutil.which(name))
        self.stub("apt-get", APT_GET)
        self.stub("sudo", 'exec "$@"')
        self.environment |= {"PATH": str(self.stubs), "CALLS": str(self.calls),
                             "UPDATED": str(self.updated), "CONFLICTING": ""}

    def installs(self):
        """The packages of each call that installs."""
        calls = [line.split() for line in self.calls.read_text().splitlines()]
        return [call for call in calls if "-y" in call and "install" in call]

    def test_NeverLetsAptRemoveAPackage(self):
        self.run_script(SETUP, "clients")
        self.assertEqual(len(self.installs()), 1)
        for call in self.installs():
            self.assertIn("--no-remove", call)

    def test_SaysBeforehandWhatItInstallsAndHowMuch(self):
        for path in ("cmake", "ninja", "pkg-config"):
            self.stub(path, "exit 0")
        said = self.run_script(SETUP, "build").stderr
        number = len([word for word in self.installs()[0] if word in said.split()])
        self.assertIn(f"installing {number} packages, {number * 1.5} MB to download: g++", said)

    def test_LeavesOutAClientThatPutsAPackageOut(self):
        self.environment["CONFLICTING"] = "pipewire-pulse wireplumber"
        said = self.run_script(SETUP, "clients").stderr
        self.assertIn("leaving out pipewire-pulse, for which apt-get would remove pulseaudio", said)
        self.assertIn("leaving out wireplumber,", said)
        self.assertEqual(len(self.installs()), 1)
        self.assertIn("sox", self.installs()[0])
        self.assertIn("g++", self.installs()[0])
        self.assertNotIn("pipewire-pulse", self.installs()[0])

    def test_InstallsNothingWhereWhatItHasToHavePutsAPackageOut(self):
        for purpose in ("pipewire", "clients"):
            self.environment["CONFLICTING"] = "pipewire-pulse g++"
            said = self.run_script(SETUP, purpose, status=1).stderr
            self.assertIn("apt-get would remove pulseaudio: nothing is installed", said)
            self.assertEqual(self.installs(), [])

    def test_InstallsPeersForTheBenchmarkButNothingThatChangesOtherPrograms(self):
        self.environment["CONFLICTING"] = "jackd2"
        said = self.run_script(SETUP, "bench").stderr
        self.assertIn("leaving out jackd2,", said)
        for package in ("libbenchmark-dev", "pipewire-bin"):
            self.assertIn(package, self.installs()[0])
        for package in ("pulseaudio", "libasound2-plugins"):
            self.assertNotIn(package, self.installs()[0])

    def test_UpdatesTheListsOfAFreshImage(self):
        self.updated.unlink()
        self.run_script(SETUP, "build")
        self.assertEqual(len(self.installs()), 1)

    def test_ShowsWhatAptSaidWhenAnUpdateDoesNotHelp(self):
        self.environment["UPDATED"] = "/dev/null/nothing"
        self.stub("apt-get", 'echo "E: it rains"; exit 100')
        self.assertIn("E: it rains", self.run_script(SETUP, "build", status=1).stderr)


if __name__ == "__main__":
    unittest.main()
