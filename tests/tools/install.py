# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where cmake --install puts what, and what is left of it after uninstall. Nothing is compiled: files
of the same names stand in for modules, program and conf."""

import os
import subprocess
import unittest

from scripts import SOURCE, ScriptTest

MODULES = [f"libasound_module_{kind}_dmasim.so" for kind in ("pcm", "ctl")]


def alsa(variable):
    return subprocess.run(["pkg-config", f"--variable={variable}", "alsa"], capture_output=True,
                          text=True, check=True).stdout.strip()


class Install(ScriptTest):
    def setUp(self):
        super().setUp()
        self.environment["PATH"] = os.environ["PATH"]
        self.build = self.directory / "build"
        self.place = self.directory / "place"

    def configure(self, *arguments):
        self.run_script("cmake", "-S", str(SOURCE), "-B", str(self.build), "-G", "Ninja",
                        "-DBUILD_TESTING=OFF", "-DDMASIM_CCACHE=OFF", *arguments)
        for name in (*(f"plugin/{module}" for module in MODULES), "tools/dmasim/dmasim"):
            (self.build / name).write_text("stands in")
        (self.build / "conf/bare/50-dmasim.conf").write_text(
            "".join(f'lib "{module}"\n' for module in MODULES))

    def install(self, *arguments, **environment):
        self.environment |= environment
        return self.run_script("cmake", "--install", str(self.build), *arguments).stdout

    def uninstall(self):
        return self.run_script("cmake", "-P", str(self.build / "uninstall.cmake")).stdout

    def placed(self, root):
        return sorted("/" + str(path.relative_to(root)) for path in root.rglob("*")
                      if path.is_file())

    def assert_system_places(self, prefix=None):
        plugins = f"{alsa('libdir')}/alsa-lib"
        prefix = prefix or alsa("prefix")
        self.assertEqual(self.placed(self.place), sorted([
            "/etc/alsa/conf.d/50-dmasim.conf", *(f"{plugins}/{name}" for name in MODULES),
            f"{prefix}/bin/dmasim", f"{prefix}/share/doc/dmasim/asoundrc.sample"]))
        conf = (self.place / "etc/alsa/conf.d/50-dmasim.conf").read_text()
        self.assertIn('lib "libasound_module_pcm_dmasim.so"', conf)

    def test_GoesWhereAlsaLooksAndIsRemovedWithItsDirectories(self):
        self.configure()
        self.assertNotIn(".asoundrc:", self.install(DESTDIR=str(self.place)))
        self.assert_system_places()
        (self.place / "etc" / "mine").touch()
        self.install("--component", "pipewire")
        self.assertTrue((self.place / "etc/pipewire/pipewire.conf.d/50-dmasim-sink.conf").exists())
        self.uninstall()
        left = [str(path.relative_to(self.place)) for path in self.place.rglob("*")]
        self.assertEqual(sorted(left), ["etc", "etc/mine"])

    def test_GoesBelowAnotherPrefixAndSaysHowToUseIt(self):
        self.configure()
        (self.place / "lib").mkdir(parents=True)
        said = self.install("--prefix", str(self.place))
        found = self.placed(self.place)
        self.assertEqual(len(found), 5, found)
        conf = self.place / "etc/alsa/conf.d/50-dmasim.conf"
        self.assertIn(f"<{conf}>", said)
        module = next(self.place.rglob(MODULES[0]))
        self.assertIn(f'lib "{module}"', conf.read_text())
        self.assertIn(f'lib "{module.parent / MODULES[1]}"', conf.read_text())
        self.uninstall()
        self.assertEqual(list(self.place.rglob("*")), [self.place / "lib"])
        self.assertIn("Nothing has been installed", self.uninstall())

    def test_GoesWhereItsVariablesSay(self):
        self.configure("-DDMASIM_ALSA_CONF_DIR=/etc/alsa/conf.d", "-DCMAKE_INSTALL_PREFIX=/opt/x",
                       f"-DDMASIM_ALSA_PLUGIN_DIR={alsa('libdir')}/alsa-lib")
        self.install(DESTDIR=str(self.place))
        self.assert_system_places("/opt/x")


if __name__ == "__main__":
    unittest.main()
