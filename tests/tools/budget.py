# SPDX-License-Identifier: LGPL-2.1-or-later
"""tests/bench/budget.py, with recorded outputs of valgrind, and with programs that stand in for valgrind
and the client."""

import json
import shutil
import subprocess
import sys
import unittest

from scripts import SOURCE, ScriptTest

sys.path.insert(0, str(SOURCE / "tests" / "bench"))
import measure  # noqa: E402
import stored  # noqa: E402

LOG = """==5== Command: budget_case playback_rw 200
SYSCALL[5,1](  0) sys_read ( 3, 0x1ffefffcc8, 8 ) --> [async] ...\x20
SYSCALL[5,1](  1) sys_write ( 1, 0x40a2350, 8 ) --> [async] ...\x20
SYSCALL[5,1](  1) ... [async] --> Success(0x8)\x20
SYSCALL[5,1](  1) sys_write ( 4, 0x1ffefffcc8, 8 ) --> [async] ...\x20
SYSCALL[5,1](  1) ... [async] --> Success(0x8)\x20
SYSCALL[5,1](228) sys_clock_gettime( 1, 0x1ffefffd70 )[sync] --> Success(0x0)\x20
SYSCALL[5,1](7) sys_poll ( 0x4047650, 1, 10000 )
 --> [async] ...\x20
SYSCALL[5,2](0) ... [async] --> Success(0x8)\x20
SYSCALL[5,2](  1) sys_write ( 4, 0x5283d58, 8 ) --> [async] ...\x20
SYSCALL[5,1](  1) sys_write ( 1, 0x40a2350, 59 ) --> [async] ...\x20
SYSCALL[5,1](  3) sys_close ( 4 )[sync] --> Success(0x0)\x20
==5== Collected : 8263664
"""

ANNOTATED = """Ir
13,439,175 (100.0%)  PROGRAM TOTALS
Ir                  file:function
1,581,056 (11.76%)  ./elf/./elf/dl-lookup.c:do_lookup_x [/usr/lib/ld-linux-x86-64.so.2]
  479,364 ( 3.57%)  ???:0x00000000000319e0 [/usr/lib/libasound.so.2.0.0]
  268,458 ( 2.00%)  ???:dmasim::Substream::update_position(long) [/b/libasound_module_pcm_dmasim.so]
   99,310 ( 0.74%)  ???:0x00000000000319e0'2 [/usr/lib/libasound.so.2.0.0]
   48,573 ( 0.36%)  ???:dmasim::(anonymous namespace)::on_pointer(snd_pcm_ioplug*) [clone .lto_priv.0] [/b/m.so]
   44,665 ( 0.33%)  ???:std::_Function_handler<void (), dmasim::CompletionThread::start()::{lambda()#1}>::_M_invoke(std::_Any_data const&) [clone .lto_priv.0] [/b/m.so]
"""


class RecordedOutput(unittest.TestCase):
    def test_OfAnnotateHasTheInstructionsOfEachFunction(self):
        self.assertEqual(measure.functions_of(ANNOTATED), {
            "do_lookup_x": 1581056,
            "libasound.so.2.0.0:0x319e0": 479364 + 99310,
            "dmasim::Substream::update_position": 268458,
            "dmasim::on_pointer": 48573,
            "std::_Function_handler<void (), dmasim::CompletionThread::start()::{lambda()#1}>"
            "::_M_invoke": 44665})

    def test_OfCallgrindHasEachCallAfterTheStartOnceAndNoReadingOfTheClock(self):
        self.assertEqual(measure.calls_of(LOG), {"write": 2, "poll": 1})
        self.assertEqual(measure.instructions_of(LOG), 8263664)
        with self.assertRaisesRegex(measure.Failure, "counted nothing"):
            measure.instructions_of("==5== Killed\n")
        with self.assertRaisesRegex(measure.Failure, "traced no system calls"):
            measure.calls_of("==5== Killed\n")

    def test_LongNamesLoseTheirTemplateArguments(self):
        self.assertEqual(measure.shorten(f"a::b<c<{'x' * 100}> >::d<e>(f) const"), "a::b<>::d<>")

    def test_IsADifferenceOfTheLowestRuns(self):
        def run(units, amount, **parts):
            return measure.Counted(units, amount, parts)
        number, parts = measure.difference(
            [run(100, 2000, f=500), run(100, 1900, f=400), run(100, 2300, f=800)],
            [run(200, 2900, f=900, g=100), run(200, 3500, f=1500, g=100)])
        self.assertEqual(number, 10)
        self.assertEqual(parts, {"f": 5, "g": 1})

    def test_WithoutADifferenceIsThatOfTheLowestRun(self):
        runs = [measure.Counted(100, 500, {"poll": 500}), measure.Counted(200, 800, {"poll": 800})]
        self.assertEqual(measure.lowest(runs), (4, {"poll": 4}))

    def test_IsRefusedIfPeriodsWereServedTogether(self):
        measure.check_punctual({"units": 200, "late": 8})
        with self.assertRaisesRegex(measure.Disturbed, "late service of 9 of 200 periods"):
            measure.check_punctual({"units": 200, "late": 9})


def measured(instructions=1000, system_calls=4.0, switches=2.0, functions=None, calls=None):
    return measure.Measurement(instructions, system_calls, switches, functions or {}, calls or {})


def passed(measurement, entry):
    return [verdict.passed for verdict in stored.compare({"c": measurement}, {"c": entry})]


class Numbers(unittest.TestCase):
    def setUp(self):
        self.entry = stored.entry_of(measured(), "first")

    def test_MayBeAboveByWhatIsAllowed(self):
        self.assertEqual(passed(measured(1030, 4.2, 3.0), self.entry), [True, True, True])
        self.assertEqual(passed(measured(1, 0, 0), self.entry), [True, True, True])
        self.assertEqual(passed(measured(1031), self.entry), [False, True, True])
        self.assertEqual(passed(measured(system_calls=4.21), self.entry), [True, False, True])
        self.assertEqual(passed(measured(switches=3.01), self.entry), [True, True, False])

    def test_WithoutAStoredOneFail(self):
        verdicts = stored.compare({"new": measured()}, {"c": self.entry})
        self.assertEqual([verdict.passed for verdict in verdicts], [False, False, False])
        self.assertIn("no number is stored", stored.explain(verdicts[0], measured(), {}, "period")[0])

    def test_AreStoredWithTheirReason(self):
        self.assertEqual(self.entry["switches"], {"number": 2.0, "reason": "first"})
        entry = stored.entry_of(measured(1100, 3.9, 2.1), "a lock more", self.entry)
        self.assertEqual(entry["instructions"], {"number": 1100, "reason": "a lock more"})
        self.assertEqual(entry["system_calls"], {"number": 3.9, "reason": "a lock more"})

    def test_DoNotRiseByStoringWhatIsAllowedAnyway(self):
        entry = self.entry
        for _ in range(10):
            entry = stored.entry_of(measured(1020, 4.1, 2.5), "again", entry)
        self.assertEqual(entry["instructions"], {"number": 1000, "reason": "first"})
        self.assertEqual(entry["switches"]["number"], 2.0)

    def test_AboveTheirBudgetNameTheFunctionsThatGrew(self):
        entry = stored.entry_of(measured(functions={"steady": 600, "growing": 400}), "first")
        now = measured(1500, functions={"steady": 600, "growing": 700, "added": 200})
        verdict = stored.compare({"c": now}, {"c": entry})[0]
        lines = stored.explain(verdict, now, entry, "period")
        self.assertIn("1500 instructions for each period, stored are 1000: +50.0 %", lines[0])
        self.assertRegex(lines[2], r"\+?300  growing  \(400 -> 700\)")
        self.assertRegex(lines[3], r"\+?200  added  \(0 -> 200\)")
        self.assertNotIn("steady", "".join(lines))

    def test_OfAFunctionThatIsNotStoredGrewFromAtMostTheSmallestStoredOne(self):
        many = {f"f{i:02}": 100 + i for i in range(stored.KEPT_PARTS + 5)}
        entry = stored.entry_of(measured(functions=many), "first")
        self.assertEqual(len(entry["functions"]), stored.KEPT_PARTS)
        grown = stored.grown(measured(functions=many | {"f00": 300}), entry, "instructions")
        self.assertEqual(grown, [("f00", 105, 300)])

    def test_OfTwoMeasurementsTheLowerCounts(self):
        both = stored.lower(measured(1000, 5, 2, {"f": 1}, {"poll": 1}),
                            measured(1100, 4, 2, {"f": 2}, {"poll": 2}))
        self.assertEqual((both.instructions, both.system_calls), (1000, 4))
        self.assertEqual((both.functions, both.calls), ({"f": 1}, {"poll": 2}))


class StoredFile(unittest.TestCase):
    def test_HasANumberForEachCase(self):
        combinations = stored.load(SOURCE / "tests" / "bench" / "budget.json")
        self.assertTrue(combinations)
        for combination, entries in combinations.items():
            self.assertEqual(set(entries), {case.name for case in measure.CASES}, combination)


# A client that is never late. A card whose path has /base/ in it is the older one.
CLIENT = """
if [ "$1" = --versions ]; then cat {versions}; exit; fi
[ ! -e {xrun} ] || {{ echo "budget_case: xrun" >&2; exit 3; }}
echo started
echo "{{\\"units\\": $2, \\"late\\": 0, \\"switches\\": $((2 * $2))}}"
"""
VALGRIND = """
for word; do case $word in
  --log-file=*) log=${{word#*=}} ;;
  --callgrind-out-file=*) out=${{word#*=}} ;;
  --*) ;;
  *) break ;;
esac; shift; done
case $ALSA_CONFIG_PATH in */base/*) inner=100 ;; *) inner=$(cat {inner}) ;; esac
echo "$(($3 * inner))" >"$out"
{{
  echo "SYSCALL[5,1](  1) sys_write ( 1, 2, 8 )"
  for ((i = 0; i < $3; i++)); do echo "SYSCALL[5,1](  7) sys_poll ( 1, 1, 1 )"; done
  echo "SYSCALL[5,1](  1) sys_write ( 1, 2, 8 )"
}} >"$log"
echo "==5== Collected : $((5000 + $3 * (inner + 900)))" >>"$log"
exec "$@"
"""
ANNOTATE = """for file; do :; done
echo " $(cat "$file") ( 1.00%)  ???:dmasim::inner(int) [/b/m.so]"
"""


class Runner(ScriptTest):
    def setUp(self):
        super().setUp()
        self.tree = self.directory / "tree"
        shutil.copytree(SOURCE / "tests" / "bench", self.tree / "tests" / "bench",
                        ignore=shutil.ignore_patterns("__pycache__", "budget.json"))
        self.file = self.tree / "tests" / "bench" / "budget.json"
        self.inner, self.versions, self.xrun = (
            self.directory / name for name in ("inner", "versions", "xrun"))
        self.inner.write_text("100")
        self.versions.write_text("gcc 1, libc 2\n")
        self.build = self.directory / "build"
        (self.build / "tests" / "bench").mkdir(parents=True)
        (self.build / "conf").mkdir()
        (self.build / "conf" / "alsa.conf").touch()
        self.cache("ON")
        self.stub("valgrind", VALGRIND.format(inner=self.inner))
        self.stub("callgrind_annotate", ANNOTATE)
        self.stub("budget_case", CLIENT.format(versions=self.versions, xrun=self.xrun))
        (self.build / "tests" / "bench" / "budget_case").symlink_to(self.stubs / "budget_case")

    def cache(self, optimization):
        (self.build / "CMakeCache.txt").write_text(
            "CMAKE_BUILD_TYPE:STRING=Release\nCMAKE_CXX_COMPILER:FILEPATH=/usr/bin/g++\n"
            f"CMAKE_INTERPROCEDURAL_OPTIMIZATION:UNINITIALIZED={optimization}\n")

    def budget(self, *arguments, status=0):
        return self.run_script(str(self.tree / "tests/bench/budget.py"), str(self.build),
                               "--case", "playback_rw", *arguments, status=status)

    def number(self):
        combinations = json.loads(self.file.read_text())["combinations"]
        return combinations["gcc 1, libc 2"]["playback_rw"]["instructions"]

    def test_StoresAndThenAcceptsTheSameNumbers(self):
        self.budget("--store", "the first numbers")
        self.assertEqual(self.number(), {"number": 1000, "reason": "the first numbers"})
        said = self.budget().stdout
        self.assertIn("1000 (+0.0 %)", said)
        self.assertIn("3 numbers within their budget, 0 above", said)

    def test_FailsAboveTheBudgetAndNamesTheFunction(self):
        self.budget("--store", "the first numbers")
        self.inner.write_text("150")
        said = self.budget(status=1).stdout
        self.assertIn("above the budget, measured again: playback_rw", said)
        self.assertIn("1050 instructions for each period, stored are 1000: +5.0 %", said)
        self.assertRegex(said, r"50  dmasim::inner  \(100 -> 150\)")

    def test_RaisesANumberOnlyForAReason(self):
        self.budget("--store", "the first numbers")
        self.inner.write_text("150")
        said = self.budget("--store", " ", status=2).stderr
        self.assertIn("a reason is needed", said)
        self.assertEqual(self.number()["number"], 1000)
        self.budget("--store", "a second lock")
        self.assertEqual(self.number(), {"number": 1050, "reason": "a second lock"})
        text = self.file.read_text().replace("a second lock", "")
        self.file.write_text(text)
        self.assertIn("instructions has no reason", self.budget(status=2).stderr)

    @unittest.skipUnless(shutil.which("git"), "no git")
    def test_ComparesUnknownVersionsWithTheCommitBefore(self):
        self.budget("--store", "the first numbers")
        self.stub("cmake", 'mkdir -p build/release/conf; touch build/release/conf/alsa.conf')
        for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "one"],
                        ["commit", "-qm", "two", "--allow-empty"]):
            subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e", *command], check=True,
                           cwd=self.tree, env=self.environment)
        self.versions.write_text("gcc 2, libc 2\n")
        said = self.budget().stdout
        self.assertIn("no numbers are stored for these versions", said)
        self.assertIn("1000 (+0.0 %)", said)
        self.inner.write_text("150")
        said = self.budget(status=1).stdout
        self.assertRegex(said, r"50  dmasim::inner  \(100 -> 150\)")
        worktrees = subprocess.run(["git", "worktree", "list"], cwd=self.tree, check=True, text=True,
                                   capture_output=True, env=self.environment).stdout
        self.assertEqual(len(worktrees.splitlines()), 1)

    def test_FailsIfTheClientHasXruns(self):
        self.xrun.touch()
        said = self.budget(status=2).stderr
        self.assertIn("playback_rw: 50 runs were disturbed, the last one by an xrun", said)

    def test_SaysWhatIsMissing(self):
        self.cache("OFF")
        self.assertIn("CMAKE_INTERPROCEDURAL_OPTIMIZATION is OFF", self.budget(status=2).stderr)
        (self.build / "CMakeCache.txt").unlink()
        self.assertIn("is no build; make it by: cmake --preset release", self.budget(status=2).stderr)
        self.assertIn("invalid choice: 'nothing'", self.budget("--case", "nothing", status=2).stderr)
        for name in ("python3", "env"):
            (self.stubs / name).symlink_to(shutil.which(name))
        (self.stubs / "valgrind").unlink()
        self.environment["PATH"] = str(self.stubs)
        self.assertIn("valgrind is missing; Debian's package valgrind has it",
                      self.budget(status=2).stderr)


if __name__ == "__main__":
    unittest.main()
