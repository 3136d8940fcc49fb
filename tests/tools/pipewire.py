# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/pipewire with programs that stand in for PipeWire's: which card it takes, and when it shows
what the daemons said."""

import shutil
import unittest

from scripts import ScriptTest

# Makes the socket that is waited for, says something, and stays.
DAEMON = r"""
echo "$0 says hello"
case ${0##*/} in
  dbus-daemon) socket=$PIPEWIRE_RUNTIME_DIR/bus ;;
  pipewire) socket=$PIPEWIRE_RUNTIME_DIR/pipewire-0 ;;
  pipewire-pulse) socket=$PULSE_RUNTIME_PATH/native ;;
esac
[ -z "${socket:-}" ] || python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$socket"
exec sleep 60
"""


class Pipewire(ScriptTest):
    def setUp(self):
        super().setUp()
        self.source = self.copy_source()
        (self.source / "tools" / "setup").write_text("#!/bin/sh\n")
        for name in ("dbus-daemon", "pipewire", "wireplumber", "pipewire-pulse"):
            self.stub(name, DAEMON)
        self.stub("pw-link", "echo dmasim_sink:a; echo dmasim_source:b")
        self.stub("pw-metadata", "echo default.audio.sink dmasim_sink default.audio.source dmasim_source")
        self.stub("aplay", "echo dmasim")

    def session(self, script, status=0):
        done = self.run_script(str(self.source / "tools" / "pipewire"), "sh", "-c", script,
                               status=status)
        self.assertEqual(list(self.temporary.iterdir()), [])
        return done

    def make_build(self, build, *missing):
        files = {"conf/alsa.conf": "# conf", "plugin/libasound_module_pcm_dmasim.so": "elf",
                 "plugin/libasound_module_ctl_dmasim.so": "elf",
                 "conf/50-dmasim.conf": f'lib "{build}/plugin/libasound_module_pcm_dmasim.so"\n'}
        for name, text in files.items():
            path = build / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name not in missing:
                path.write_text(text)
        return files

    def configuration(self):
        """What ALSA is asked with. It answers nothing, so that no daemon is started."""
        self.stub("aplay", 'echo "asked with ${ALSA_CONFIG_PATH:-none}" >&2; exit 1')
        return self.session("true", status=1).stderr.splitlines()[0].removeprefix("asked with ")

    def test_TakesACompleteBuildOnly(self):
        build = self.source / "build" / "release"
        for name in self.make_build(self.source / "unused"):
            self.make_build(build, name)
            self.assertEqual(self.configuration(), "none", name)
            self.make_build(build)
            self.assertEqual(self.configuration(), str(build / "conf" / "alsa.conf"))
            shutil.rmtree(build)

    def test_TakesTheBuildOfThisPlaceAndNotOfAnother(self):
        self.make_build(self.source / "build" / "release")
        (self.source / "build" / "release" / "conf" / "50-dmasim.conf").write_text(
            'lib "/src/build/release/plugin/libasound_module_pcm_dmasim.so"\n')
        second = self.source / "build-2" / "release"
        self.make_build(second)
        self.assertEqual(self.configuration(), str(second / "conf" / "alsa.conf"))

    def test_ReachesABuildBehindABlank(self):
        self.source = self.source.rename(self.directory / "two words")
        self.make_build(self.source / "build" / "release")
        self.assertNotIn(" ", self.configuration())
        self.assertNotEqual(self.configuration(), "none")

    def test_ShowsTheDaemonsLogOnlyWhenOneOfThemFailed(self):
        said = self.session("echo mine >&2; exit 3", status=3).stderr
        self.assertEqual(said, "mine\n")
        self.stub("pipewire", "echo it rains; exit 1")
        said = self.session("true", status=1).stderr
        self.assertIn("it rains", said)
        self.assertIn("ended by itself while waiting for PipeWire's socket", said)

    def test_ShowsTheDaemonsLogWhenOneOfThemLeftWhileTheCommandRan(self):
        self.stub("wireplumber", """echo $$ >~/pid
            until [ -e ~/notified ]; do sleep 0.02; done
            echo it snows
            exit 1""")
        said = self.session("touch ~/notified; while kill -0 $(cat ~/pid); do sleep 0.02; done; exit 4",
                            status=4).stderr
        self.assertIn("it snows", said)


if __name__ == "__main__":
    unittest.main()
