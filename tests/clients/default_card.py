# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/default-card makes the card the default one, for programs that name no PCM, and undoes
this."""

from pathlib import Path

import harness
import sound

TOOL = harness.SOURCE / "tools" / "default-card"
OWN_LINES = "# mine\npcm.mine { type null }\n"


class DefaultCard(harness.ClientTest):
    needs = ("aplay", "amixer")

    def setUp(self):
        super().setUp()
        self.played = Path(self.file("played.wav"))
        self.environment["DMASIM_FILE"] = str(self.played)
        self.asoundrc = Path(self.file(".asoundrc"))

    def assert_is_default(self, *prefix):
        source = self.counted_wav()
        self.report_file.unlink(missing_ok=True)
        self.run_client(*prefix, "aplay", "-q", source)
        self.assert_counted(sound.read_wav(self.played), 2)
        self.assertIn("'Master',0", self.run_client(*prefix, "amixer", "scontrols"))
        self.assertIn("Default: dmasim", self.run_client(*prefix, "aplay", "-L"))

    def assert_is_not_default(self):
        self.assertNotIn("Default: dmasim", self.run_client("aplay", "-L"))

    def test_IsTurnedOnAndOffForAUser(self):
        self.default_card("on")
        self.assert_is_default()
        self.default_card("off")
        self.assertFalse(self.asoundrc.exists())
        self.assert_is_not_default()

    def test_LeavesAUsersLinesAlone(self):
        self.asoundrc.write_text(OWN_LINES)
        self.asoundrc.chmod(0o600)
        for _ in range(2):  # the second call changes nothing
            self.default_card("on")
            self.assertTrue(self.asoundrc.read_text().startswith(OWN_LINES))
            self.assertEqual(self.asoundrc.read_text().count("pcm.!default"), 1)
        self.assertEqual(self.asoundrc.stat().st_mode & 0o777, 0o600)
        self.assert_is_default()
        self.default_card("off")
        self.assertEqual(self.asoundrc.read_text(), OWN_LINES)

    def test_WinsOverAUsersOwnDefault(self):
        """The lines go to the end of the file that alsa-lib reads last."""
        later = Path(self.file(".config/alsa/asoundrc"))
        later.parent.mkdir(parents=True)
        later.write_text("pcm.!default { type null }\n")
        self.default_card("on")
        self.assertFalse(self.asoundrc.exists())
        self.assert_is_default()

    def test_KeepsALinkToAFileElsewhere(self):
        elsewhere = Path(self.file("dotfiles"))
        elsewhere.write_text(OWN_LINES)
        self.asoundrc.symlink_to(elsewhere)
        self.default_card("on")
        self.assertTrue(self.asoundrc.is_symlink())
        self.assert_is_default()

    def test_WillNotTouchACutBlock(self):
        self.default_card("on")
        cut = "\n".join(self.asoundrc.read_text().splitlines()[:-1]) + "\n" + OWN_LINES
        self.asoundrc.write_text(cut)
        self.assertIn("put that right", self.default_card("off", status=(1,)))
        self.assertEqual(self.asoundrc.read_text(), cut)

    def test_WillNotTouchABlockUpsideDown(self):
        self.default_card("on")
        lines = self.asoundrc.read_text().splitlines(keepends=True)
        self.asoundrc.write_text("".join([lines[-1], *lines[1:-1], lines[0], OWN_LINES]))
        before = self.asoundrc.read_text()
        self.assertIn("put that right", self.default_card("off", status=(1,)))
        self.assertEqual(self.asoundrc.read_text(), before)

    def test_LeavesAFileWithoutTheBlockAlone(self):
        """The script does not replace the file by a copy, because the file may have a second
        name."""
        other_name = Path(self.file("hardlink"))
        for text in ("", "# mine", OWN_LINES):
            self.asoundrc.write_text(text)
            other_name.unlink(missing_ok=True)
            other_name.hardlink_to(self.asoundrc)
            self.default_card("off")
            self.assertEqual(self.asoundrc.read_text(), text)
            self.assertTrue(self.asoundrc.samefile(other_name))

    def test_GivesBackEachByte(self):
        for text in (b"# mine", b"\n\n# mine\n\n", b"# Latin-1: \xe4\r\n\t# more", b"\n"):
            self.asoundrc.write_bytes(text)
            for _ in range(2):
                self.default_card("on")
            self.assertIn("Default: dmasim", self.run_client("aplay", "-L"))
            self.default_card("off")
            self.assertEqual(self.asoundrc.read_bytes(), text)

    def test_GivesBackWhatWasAddedBehindTheBlock(self):
        for text, added in (("", "# added"), ("# mine\n", "# added"), ("# mine\n", "# added\n")):
            self.asoundrc.write_text(text)
            self.default_card("on")
            with self.asoundrc.open("a") as file:
                file.write(added)
            self.default_card("off")
            self.assertEqual(self.asoundrc.read_text(), text + added)

    def test_ChangesNothingWhereAToolFails(self):
        """Each file that the script may use, one after the other."""
        stubs = Path(self.file("stubs"))
        stubs.mkdir()
        path = {"PATH": f"{stubs}:{self.environment['PATH']}"}
        self.asoundrc.write_text(OWN_LINES)
        self.default_card("on")
        with_block = self.asoundrc.read_text()
        tools = "aplay awk cat chmod chown grep head mv sed tail".split()
        for action, before, after in (("on", OWN_LINES, with_block),
                                      ("off", with_block, OWN_LINES)):
            for tool in tools:
                self.asoundrc.write_text(before)
                stub = stubs / tool
                stub.write_text("#!/bin/sh\nexit 2\n")
                stub.chmod(0o700)
                with self.start_client(str(TOOL), action, environment=path) as process:
                    said = process.communicate()[0]
                stub.unlink()
                expected = before if process.returncode else after
                self.assertEqual(self.asoundrc.read_text(), expected, f"{action}, {tool}: {said}")
                self.assertEqual(list(self.directory.glob(".asoundrc?*")), [], f"{action}, {tool}")

    def test_RunsByALinkAndFromAnywhere(self):
        """With CDPATH, cd prints the directory to which it went. The script must ignore this."""
        Path(self.file("link")).symlink_to(TOOL)
        in_tree = ("sh", "-c", f'cd {harness.SOURCE} && exec tools/default-card "$@"', "sh")
        for command in (("./link",), in_tree):
            self.run_client(*command, "on", environment={"CDPATH": "."})
            self.assertIn("Default: dmasim", self.run_client("aplay", "-L"))
            self.run_client(*command, "off", environment={"CDPATH": "."})
            self.assertFalse(self.asoundrc.exists())

    def test_WillNotMakeACardTheDefaultThatAlsaDoesNotKnow(self):
        self.skip_if_installed()
        said = self.default_card("on", environment={"ALSA_CONFIG_PATH": ""}, status=(1,))
        self.assertIn("install it", said)
        self.assertFalse(self.asoundrc.exists())
        self.assertIn("ALSA_CONFIG_PATH alone", self.default_card("on"))

    def test_WinsOverASoundServersDefault(self):
        server = Path("/etc/alsa/conf.d/99-pipewire-default.conf")
        if not server.exists():
            self.skipTest("pipewire-alsa is not installed")
        self.assertIn("PipeWire Media Server", self.run_client("aplay", "-L"))
        self.default_card("on")
        self.assert_is_default()
        self.assertNotIn("PipeWire Media Server", self.run_client("aplay", "-L"))

    def test_IsTurnedOnAndOffForEverybody(self):
        """Runs in a mount name space, if that is allowed, so that /etc does not change. A card
        that only this shell knows cannot be the default for all users. So it must be installed
        there."""
        written = Path(self.file("etc"))
        work = Path(self.file("work"))
        installed = written / "alsa" / "conf.d" / "50-dmasim.conf"
        installed.parent.mkdir(parents=True)
        work.mkdir()
        in_copy = ("unshare", "--mount", "sh", "-c",
                   "mount -t overlay overlay -o "
                   f'lowerdir=/etc,upperdir={written},workdir={work} /etc && exec "$@"', "sh")
        self.skip_unless_allowed(*in_copy, "true")
        if Path("/etc/asound.conf").exists():
            self.skipTest("there is an /etc/asound.conf")
        self.skip_if_installed()
        said = self.run_client(*in_copy, str(TOOL), "on", "--system", status=(1,))
        self.assertIn("install it", said)
        self.assertFalse((written / "asound.conf").exists())
        installed.write_bytes((harness.BUILD / "conf" / "50-dmasim.conf").read_bytes())
        del self.environment["ALSA_CONFIG_PATH"]
        self.run_client(*in_copy, str(TOOL), "on", "--system")
        self.assertTrue((written / "asound.conf").exists())
        self.assert_is_default(*in_copy)
        self.run_client(*in_copy, str(TOOL), "off", "--system")
        self.assertFalse((written / "asound.conf").exists())

    def skip_if_installed(self):
        if "\ndmasim\n" in self.run_client("aplay", "-L", environment={"ALSA_CONFIG_PATH": ""}):
            self.skipTest("dmasim is installed")

    def skip_unless_allowed(self, *command):
        if self.start_client(*command).wait() != 0:
            self.skipTest("no mount name spaces here")
