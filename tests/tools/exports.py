# SPDX-License-Identifier: LGPL-2.1-or-later
"""A module shows a process its entry for alsa-lib, and nothing else."""

import os
import subprocess
import unittest


def exported(module):
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", "--format=just-symbols", module],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(listed.stdout.split())


class Exports(unittest.TestCase):
    def test_pcm(self):
        self.assertEqual(
            exported(os.environ["PCM_MODULE"]),
            {"_snd_pcm_dmasim_open", "__snd_pcm_dmasim_open_dlsym_pcm_001"},
        )

    def test_ctl(self):
        self.assertEqual(
            exported(os.environ["CTL_MODULE"]),
            {"_snd_ctl_dmasim_open", "__snd_ctl_dmasim_open_dlsym_control_001"},
        )


if __name__ == "__main__":
    unittest.main()
