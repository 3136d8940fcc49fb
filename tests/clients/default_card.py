# SPDX-License-Identifier: LGPL-2.1-or-later
"""The card as the default one, for programs that name none, and back."""

from pathlib import Path

import harness
import sound

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
        for _ in range(2):  # once more changes nothing
            self.default_card("on")
            self.assertTrue(self.asoundrc.read_text().startswith(OWN_LINES))
            self.assertEqual(self.asoundrc.read_text().count("pcm.!default"), 1)
        self.assertEqual(self.asoundrc.stat().st_mode & 0o777, 0o600)
        self.assert_is_default()
        self.default_card("off")
        self.assertEqual(self.asoundrc.read_text(), OWN_LINES)

    def test_WinsOverAUsersOwnDefault(self):
        """In the file that is read last, behind what stands there."""
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

    def test_WinsOverASoundServersDefault(self):
        server = Path("/etc/alsa/conf.d/99-pipewire-default.conf")
        if not server.exists():
            self.skipTest("pipewire-alsa is not installed")
        self.assertIn("PipeWire Media Server", self.run_client("aplay", "-L"))
        self.default_card("on")
        self.assert_is_default()
        self.assertNotIn("PipeWire Media Server", self.run_client("aplay", "-L"))

    def test_IsTurnedOnAndOffForEverybody(self):
        """In a mount name space that keeps what is written to /etc, where that is allowed."""
        written = Path(self.file("etc"))
        work = Path(self.file("work"))
        written.mkdir()
        work.mkdir()
        in_copy = ("unshare", "--mount", "sh", "-c",
                   "mount -t overlay overlay -o "
                   f'lowerdir=/etc,upperdir={written},workdir={work} /etc && exec "$@"', "sh")
        self.skip_unless_allowed(*in_copy, "true")
        if Path("/etc/asound.conf").exists():
            self.skipTest("there is an /etc/asound.conf")
        tool = str(harness.SOURCE / "tools" / "default-card")
        self.run_client(*in_copy, tool, "on", "--system")
        self.assertTrue((written / "asound.conf").exists())
        self.assert_is_default(*in_copy)
        self.run_client(*in_copy, tool, "off", "--system")
        self.assertFalse((written / "asound.conf").exists())

    def skip_unless_allowed(self, *command):
        if self.start_client(*command).wait() != 0:
            self.skipTest("no mount name spaces here")
