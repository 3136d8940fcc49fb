#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what the card costs a client with stored numbers: instructions, system calls and context
switches, for each period of each stream or for each cycle. Never times.

    tests/bench/budget.py BUILD                    compares; status 1 if a number is above its budget
    tests/bench/budget.py BUILD --store REASON     stores the numbers that are now lower or above

BUILD is a build of the preset release with -DDMASIM_BENCH=ON. docs/performance.md has the rest."""

import argparse
import dataclasses
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True  # nothing beside the sources
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import measure  # noqa: E402
import stored  # noqa: E402
from measure import Failure  # noqa: E402

SOURCE = Path(__file__).resolve().parents[2]
STORED = Path(__file__).resolve().parent / "budget.json"
RELEASE = {"CMAKE_BUILD_TYPE": "Release", "CMAKE_INTERPROCEDURAL_OPTIMIZATION": "ON"}


@dataclasses.dataclass(frozen=True)
class Build:
    directory: Path

    @property
    def client(self):
        return self.directory / "tests" / "bench" / "budget_case"

    @property
    def conf(self):
        return self.directory / "conf" / "alsa.conf"

    def cached(self, name):
        """The value of a variable of CMake's cache, or None."""
        text = (self.directory / "CMakeCache.txt").read_text()
        found = re.search(rf"^{name}:\w+=(.*)$", text, re.M)
        return found and found[1]

    def check(self):
        how = ("make it by: cmake --preset release -DDMASIM_BENCH=ON && "
               "cmake --build --preset release")
        if not (self.directory / "CMakeCache.txt").exists():
            raise Failure(f"{self.directory} is no build; {how}")
        for name, value in RELEASE.items():
            if self.cached(name) != value:
                raise Failure(f"{self.directory}: {name} is {self.cached(name)}, not {value}: "
                              f"what is measured is what is installed; {how}")
        for path in (self.client, self.conf):
            if not path.exists():
                raise Failure(f"{path} is missing; {how}")
        if re.search(r"[\s:;]", str(self.conf)):
            raise Failure(f"{self.conf}: ALSA_CONFIG_PATH needs a path without blanks, colons and "
                          "semicolons")

    def versions(self):
        return subprocess.run([self.client, "--versions"], text=True, capture_output=True,
                              check=True).stdout.strip()


def run(*command, **more):
    done = subprocess.run(command, text=True, capture_output=True, check=False, **more)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout.strip()


def git(*command):
    try:
        return run("git", "-c", f"safe.directory={SOURCE}", "-C", str(SOURCE), *command)
    except FileNotFoundError as error:
        raise Failure("git is missing; it is needed to build the commit to compare with") from error


def base_commit():
    """The commit from which the branch starts. On the main branch the commit before, or HEAD itself if
    files are changed."""
    head = git("rev-parse", "HEAD")
    for branch in ("origin/main", "main"):
        try:
            found = git("merge-base", "HEAD", branch)
        except Failure:
            continue
        if found != head:
            return found
    if git("status", "--porcelain", "--untracked-files=no"):
        return head
    return git("rev-parse", "HEAD~1")


def measure_commit(commit, cases, build, jobs):
    """The same client, and the card of that commit, built in a directory that is removed again."""
    with tempfile.TemporaryDirectory(prefix="budget") as temporary:
        tree = Path(temporary) / "base"
        git("worktree", "add", "--detach", str(tree), commit)
        try:
            environment = os.environ | {"DMASIM_BUILD_SUFFIX": ""}
            compiler = build.cached("CMAKE_CXX_COMPILER")
            run("cmake", "--preset", "release", f"-DCMAKE_CXX_COMPILER={compiler}", cwd=tree,
                env=environment)
            run("cmake", "--build", "--preset", "release", "--target", "asound_module_pcm_dmasim",
                "dmasim_conf", cwd=tree, env=environment)
            return measure.measure(cases, build.client, tree / "build/release/conf/alsa.conf", jobs)
        finally:
            git("worktree", "remove", "--force", str(tree))


def show(verdicts):
    """A row for each case."""
    print(f"{'':16}" + "".join(f"{metric.replace('_', ' '):>26}" for metric in stored.ALLOWED))
    rows = {}
    for verdict in verdicts:
        rows.setdefault(verdict.case, []).append(f"{verdict.number:g} ({verdict.change})")
    for case, cells in rows.items():
        print(f"{case:16}" + "".join(f"{cell:>26}" for cell in cells))


def store(path, combinations, combination, measurements, reason):
    entries = combinations.setdefault(combination, {})
    for case, measurement in measurements.items():
        entries[case] = stored.entry_of(measurement, reason, entries.get(case))
    stored.save(path, combinations)
    print(f"stored in {path} for {combination}")


def judge(measurements, entries, again):
    """The verdicts. What is above its budget is measured `again`, and the lower number counts: what
    other programs added is not there twice."""
    verdicts = stored.compare(measurements, entries)
    above = {verdict.case for verdict in verdicts
             if not verdict.passed and verdict.stored is not None}
    if above:
        print(f"above the budget, measured again: {' '.join(sorted(above))}", flush=True)
        for case, measurement in again(above).items():
            measurements[case] = stored.lower(measurements[case], measurement)
        verdicts = stored.compare(measurements, entries)
    return verdicts


def finish(verdicts, measurements, entries, cases):
    units = {case.name: case.unit for case in cases}
    failed = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in failed:
        entry = entries.get(verdict.case, {})
        print("\n".join(stored.explain(verdict, measurements[verdict.case], entry,
                                       units[verdict.case])))
    print(f"{len(verdicts) - len(failed)} numbers within their budget, {len(failed)} above")
    return 1 if failed else 0


def parse(arguments):
    names = [case.name for case in measure.CASES]
    parser = argparse.ArgumentParser(
        prog="tests/bench/budget.py", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", metavar="BUILD", type=Path)
    parser.add_argument("--case", action="append", choices=names, metavar="CASE",
                        help=f"only this one; may be repeated: {' '.join(names)}")
    parser.add_argument("--store", metavar="REASON", help="store the numbers, and why they changed")
    parser.add_argument("--base", metavar="COMMIT",
                        help="compare with that commit, built and measured here, not with the file")
    parser.add_argument("--file", type=Path, default=STORED, help="the stored numbers")
    parser.add_argument("--jobs", type=int, default=2, metavar="N",
                        help="cases under callgrind side by side (2)")
    options = parser.parse_args(arguments)
    if options.store is not None and not options.store.strip():
        parser.error("--store: a reason is needed; it is kept beside the numbers")
    if options.store is not None and options.base is not None:
        parser.error("--store and --base exclude each other")
    if options.jobs < 1:
        parser.error("--jobs: a number above 0")
    return options


def main(arguments):
    options = parse(arguments)
    measure.need_tools()
    build = Build(options.build.resolve())
    build.check()
    combinations = stored.load(options.file)
    combination = build.versions()
    cases = [case for case in measure.CASES if not options.case or case.name in options.case]

    def measured(names):
        chosen = [case for case in cases if case.name in names]
        return measure.measure(chosen, build.client, build.conf, options.jobs)

    print(combination, flush=True)
    measurements = measured({case.name for case in cases})
    if options.store is not None:
        show(stored.compare(measurements, combinations.get(combination, {})))
        store(options.file, combinations, combination, measurements, options.store.strip())
        return 0
    if options.base is None and combination in combinations:
        entries = combinations[combination]
    else:
        commit = git("rev-parse", "--verify", f"{options.base}^{{commit}}") if options.base \
            else base_commit()
        why = "as asked for" if options.base else "no numbers are stored for these versions"
        print(f"compared with commit {commit[:12]}, built and measured here: {why}", flush=True)
        base = measure_commit(commit, cases, build, options.jobs)
        entries = {name: stored.entry_of(found, f"commit {commit}") for name, found in base.items()}
    verdicts = judge(measurements, entries, measured)
    show(verdicts)
    return finish(verdicts, measurements, entries, cases)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as error:
        print(f"tests/bench/budget.py: {error}\n{error.stderr}", file=sys.stderr)
        sys.exit(2)
    except (Failure, stored.BadFile) as error:
        print(f"tests/bench/budget.py: {error}", file=sys.stderr)
        sys.exit(2)
