# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/bench with recorded measurements, and with a program that stands in for pcm_bench: the
tables, the plot, what counts as noise, and that the PCMs take turns."""

import json
import sys
import unittest
import xml.etree.ElementTree as ElementTree

from scripts import SOURCE, ScriptTest

BENCH = SOURCE / "tests" / "bench"
TOOL = str(SOURCE / "tools" / "bench")
SVG = "{http://www.w3.org/2000/svg}"
BEGIN, END = "<!-- tools/bench: begin -->", "<!-- tools/bench: end -->"
MACHINE = {"date": "2020-02-02", "cpu": "A processor", "cores": 2, "kernel": "6.1", "load": "0.1",
           "busy_percent": 1.0, "idle_limit_percent": 10, "rounds": 3, "quick": False,
           "versions": {"alsa-lib": "1.2.8"}}


def lines(name, number, scale):
    """What pcm_bench prints for a PCM in a round. Each figure is a multiple of `scale`."""
    cpu = {"cpu_us_per_period": scale, "server_cpu_us_per_period": 2 * scale,
           "switches_per_period": scale, "server_switches_per_period": 0, "xruns": number}
    measured = {
        "open_close": {"cycle_us_p50": scale, "cycles_per_s": 1e6 / scale},
        "close_running": {"stop_us_p50": scale, "ratio": scale / 10, "round_trip_us_p50": 10},
        "lateness": {"late_us_p50": scale, "ratio_p50": scale, "late_us_p99": scale,
                     "ratio_p99": scale, "bare_us_p50": 1, "bare_us_p99": 2},
        "cpu_1": cpu, "cpu_16": cpu,
        "memory": {"open_kb": 0, "running_kb": scale},
        "wake_ups": {"open_per_s": 0, "prepared_per_s": 0, "paused_per_s": None, "idle_per_s": 0}}
    return [{"round": number, "name": name, "measure": measure, **figures}
            for measure, figures in measured.items()]


def record(**scales):
    """A run with these PCMs: the scale of each of them in each round. The first is dmasim."""
    return {"machine": MACHINE, "left_out": {}, "engine": {"mutex_pair": [5.0, 4.0, 7.0]},
            "pcms": [{"name": name, "peer": name != "dmasim"} for name in scales],
            "lines": [line for name, of_rounds in scales.items()
                      for number, scale in enumerate(of_rounds) for line in lines(name, number, scale)]}


class Bench(ScriptTest):
    def setUp(self):
        super().setUp()
        self.page = self.directory / "page.md"
        self.picture = self.directory / "page.svg"

    def write(self, recorded, page=f"above\n{BEGIN}\nold\n{END}\nbelow\n", status=0):
        self.page.write_text(page)
        file = self.directory / "recorded.json"
        file.write_text(json.dumps(recorded))
        self.run_script(TOOL, "--from", str(file), "--page", str(self.page), status=status)
        return self.page.read_text()

    def cells(self, page, title, name):
        """The cells of a PCM in the table of this title, by the heads of the columns."""
        table = page.split(f"### {title}\n\n")[1].split("\n\n")[0].splitlines()
        rows = [[word.strip() for word in line.strip("|").split("|")] for line in table]
        mine = [row for row in rows if row[0].strip("*") == name]
        self.assertEqual(len(mine), 1, table)
        return dict(zip(rows[0], mine[0]))

    def opening(self, page, name):
        return self.cells(page, "Opening and closing", name)["open and close, µs"]

    # --- the tables ---

    def test_ShowsTheMedianAndTheSpreadOfEachFigure(self):
        page = self.write(record(dmasim=(50, 40, 60), slow=(500, 400, 700)))
        self.assertEqual(self.opening(page, "dmasim"), "50.0 (40.0 to 60.0)")
        self.assertEqual(self.opening(page, "slow"), "500 (400 to 700)")
        running = self.cells(page, "CPU and context switches", "dmasim")
        self.assertEqual(running["CPU of 1 stream, µs/period"], "150 (120 to 180)",
                         "of the program and its server")
        self.assertEqual(running["xruns of 1 stream"], "2.00", "of the worst round")
        idle = self.cells(page, "Memory, and a PCM that does nothing", "dmasim")
        self.assertEqual(idle["open, wake-ups/s"], "0")
        self.assertEqual(idle["paused, wake-ups/s"], "-")
        self.assertIn("| `mutex_pair` | 5.00 (4.00 to 7.00) |", page)

    def test_MarksADifferenceThatIsNotLargerThanTheSpreadAsNoise(self):
        page = self.write(record(dmasim=(50, 40, 60), near=(70, 70, 70), far=(71, 71, 71),
                                 same=(50, 50, 50), wide=(90, 60, 110)))
        self.assertEqual(self.opening(page, "near"), "70.0 ~")
        self.assertEqual(self.opening(page, "far"), "71.0")
        self.assertEqual(self.opening(page, "same"), "50.0")
        self.assertEqual(self.opening(page, "wide"), "90.0 (60.0 to 110) ~")
        self.assertNotIn("~", self.opening(page, "dmasim"))

    def test_KnowsNoDifferenceAfterTwoRounds(self):
        page = self.write(record(dmasim=(50, 50), far=(5000, 5000)))
        self.assertEqual(self.opening(page, "far"), "5,000 ~")

    def test_SaysWhatAPcmCannotDoAndWhatWasLeftOut(self):
        recorded = record(dmasim=(50, 40, 60), null=(1, 2, 3))
        recorded["lines"] = [line for line in recorded["lines"]
                             if (line["name"], line["measure"]) != ("null", "lateness")]
        for number in range(3):
            recorded["lines"].append({"round": number, "name": "null", "measure": "lateness",
                                      "cannot": "it does not keep time"})
        recorded["left_out"] = {"JACK": "jackd is not installed"}
        page = self.write(recorded)
        self.assertEqual(self.cells(page, "Lateness", "null")["lateness p50, µs"], "-")
        self.assertEqual(page.count("- null, `lateness`: it does not keep time\n"), 1)
        self.assertIn("- JACK was left out: jackd is not installed\n", page)

    def test_SaysThatAMachineWasBusyAndThatARunWasQuick(self):
        recorded = record(dmasim=(50, 40, 60))
        page = self.write(recorded)
        self.assertNotIn("**The machine was busy", page)
        self.assertNotIn("--quick", page)
        recorded["machine"] = MACHINE | {"busy_percent": 40.0, "quick": True}
        page = self.write(recorded)
        self.assertIn("**The machine was busy", page)
        self.assertIn("A run with `--quick`", page)

    def test_ChangesNothingOutsideTheMarks(self):
        page = self.write(record(dmasim=(50, 40, 60)))
        self.assertTrue(page.startswith(f"above\n{BEGIN}\n"))
        self.assertTrue(page.endswith(f"\n{END}\nbelow\n"))
        self.assertNotIn("old", page)
        self.assertEqual(self.write(record(dmasim=(50, 40, 60)), page), page, "a second time")

    def test_LeavesAPageWithoutMarksAlone(self):
        self.assertEqual(self.write(record(dmasim=(50, 40, 60)), "no marks", status=1), "no marks")
        self.assertFalse(self.picture.exists())

    # --- the plot ---

    def bars(self):
        tree = ElementTree.parse(self.picture)
        self.assertEqual(tree.getroot().tag, f"{SVG}svg")
        self.assertEqual(list(tree.iter(f"{SVG}script")), [])
        return [bar for bar in tree.iter(f"{SVG}rect") if bar.get("class") == "bar"]

    def test_HasABarForEachFigureThatWasMeasured(self):
        recorded = record(**{"dmasim": (50, 40, 60), "a < b & c": (5000, 4000, 7000)})
        self.write(recorded)
        bars = self.bars()
        self.assertEqual(len(bars), 2 * 6)
        for own, slow in zip(bars[0::2], bars[1::2]):
            self.assertLess(float(own.get("width")), float(slow.get("width")))
            self.assertNotEqual(own.get("fill"), slow.get("fill"))
        for line in recorded["lines"]:
            if (line["name"], line["measure"]) == ("a < b & c", "lateness"):
                line["cannot"] = "it does not keep time"
        self.write(recorded)
        self.assertEqual(len(self.bars()), 2 * 6 - 1)

    def test_ShowsAZeroAsABarWithoutLength(self):
        recorded = record(dmasim=(50, 40, 60), peer=(55, 55, 55))
        for line in recorded["lines"]:
            if (line["name"], line["measure"]) == ("peer", "memory"):
                line["running_kb"] = 0
        self.write(recorded)
        widths = [float(bar.get("width")) for bar in self.bars()]
        self.assertEqual(widths.count(0), 1)

    # --- the rounds ---

    def measured(self, script):
        """What a run records, with a stand-in for pcm_bench."""
        program = self.directory / "build" / "tests" / "bench" / "pcm_bench"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        file = self.directory / "measured.json"
        self.environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.environment["DMASIM_FILE"] = "/of/the/user"
        self.run_script(sys.executable, str(BENCH / "bench.py"), "--build",
                        str(self.directory / "build"), "--only", "dmasim,null,file", "--json",
                        str(file))
        return json.loads(file.read_text())

    def test_LetsThePcmsTakeTurns(self):
        found = self.measured("""printf '{"measure": "memory", "pcm": "%s", "file": "%s"}\n' \
            "$1" "$DMASIM_FILE" """)
        lines_found = found["lines"]
        self.assertEqual(found["machine"]["rounds"], 5)
        self.assertEqual([line["pcm"] for line in lines_found[:6]],
                         ["dmasim", "null", "file:'/dev/null',raw",
                          "null", "file:'/dev/null',raw", "dmasim"])
        for name in ("dmasim", "null", "file"):
            self.assertEqual([line["round"] for line in lines_found if line["name"] == name],
                             [0, 1, 2, 3, 4])
        self.assertEqual({line["file"] for line in lines_found}, {""}, "the user's own settings")

    def test_SaysWhichMeasurementsAreMissingWhenTheProgramFails(self):
        found = self.measured("""echo '{"measure": "memory", "open_kb": 1, "running_kb": 2}'
            echo "it rains" >&2; exit 3""")
        first = {line["measure"]: line for line in found["lines"]
                 if (line["name"], line["round"]) == ("null", 0)}
        self.assertNotIn("cannot", first["memory"])
        self.assertIn("ended with 3: it rains", first["lateness"]["cannot"])
        self.assertEqual(len(first), 7)

    def test_RefusesAPcmThatItDoesNotKnow(self):
        done = self.run_script(TOOL, "--only", "dmasim,hw", status=2)
        self.assertIn("--only hw: there is no such PCM here", done.stderr)


if __name__ == "__main__":
    unittest.main()
