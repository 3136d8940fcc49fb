# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts what budget_case costs: instructions, system calls and context switches, for each period of
each stream or for each cycle.

Instructions are a difference: a run of twice as many periods minus a run of as many. So they have nothing
of what happens before the first period and after the last one. Each of the two runs is done three times,
and the lowest count of each is used, because other programs can only add to a count. System calls are
those of the same runs after the client has said that it has started, and context switches those of runs
without valgrind. Of these the run with the lowest number counts.

One thing lowers a count: a thread of the card or of the client that comes late by a whole period serves
two of them at once. The client says how often it found two periods due. A run with more than a few of
them is done again, and so is a run with an xrun. After ATTEMPTS such runs the measurement fails."""

import collections
import concurrent.futures
import dataclasses
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

RUNS = 3
ATTEMPTS = 50
TIMEOUT_S = 120
XRUN_STATUS = 3  # of budget_case
FOREVER = 100_000_000  # periods of a partner, which is ended by a signal
MOST_LATE = 0.04  # the part of the periods that may be served together with another one

TOOLS = {"valgrind": "valgrind", "callgrind_annotate": "valgrind"}

# valgrind hides the vDSO, so the C library reads clocks by calls that it does not make otherwise.
NOT_CALLED_OTHERWISE = ("clock_gettime", "gettimeofday", "time", "getcpu")


class Failure(Exception):
    """The measurement is not possible. The text says why."""


class Disturbed(Exception):
    """This run did not do what the case says. Another one may."""


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    count: int  # of periods or cycles in the shorter run
    partner: str = ""  # the case that another process runs at the other end of the loop
    cycle: bool = False
    runs: int = RUNS

    @property
    def unit(self):
        return "cycle" if self.cycle else "period"


CASES = (
    Case("playback_rw", 100),
    Case("playback_mmap", 100),
    Case("capture_rw", 100),
    Case("capture_mmap", 100),
    Case("loop_playback", 100, partner="loop_capture"),
    Case("loop_capture", 100, partner="loop_playback"),
    Case("record_raw", 100),
    Case("record_wav", 100),
    Case("shared_16", 30, runs=5),  # how many streams are due together depends on when they start
    Case("threads_16", 30),
    Case("open_close", 30, cycle=True),
    Case("loop_open_close", 30, cycle=True),
)


@dataclasses.dataclass
class Counted:
    """What one run cost: instructions from its first to its last one, calls from "started" on."""
    units: int
    amount: float
    parts: dict  # of the amount, by name


@dataclasses.dataclass
class Measurement:
    """Costs for each period of each stream, or for each cycle."""
    instructions: float
    system_calls: float
    switches: float
    functions: dict  # instructions of each function itself
    calls: dict  # system calls by name


LONGEST_NAME = 100


def without_parameters(name):
    depth = 0
    for at in range(name.rindex(")"), -1, -1):
        depth += {")": 1, "(": -1}.get(name[at], 0)
        if depth == 0:
            return name[:at] or name
    return name


def without_template_arguments(name):
    kept, depth = [], 0
    for letter in name:
        if letter == ">":
            depth = max(depth - 1, 0)
        if depth == 0:
            kept.append(letter)
        if letter == "<":
            depth += 1
    return "".join(kept)


def shorten(function):
    """A function's name without its parameters and without what the compiler adds to it."""
    name = re.sub(r" \[clone [^\]]*\]|'\d+$", "", function).replace("(anonymous namespace)::", "")
    if name.endswith((")", ") const")):
        name = without_parameters(name)
    return name if len(name) <= LONGEST_NAME else without_template_arguments(name)


def functions_of(annotated):
    """The instructions of each function itself, from the output of callgrind_annotate."""
    functions = collections.Counter()
    for line in annotated.splitlines():
        found = re.match(r"\s*([\d,]+) \(\s*[\d.]+%\)\s+[^:]*:(.+?)(?: \[([^\]]*)\])?$", line)
        if found:
            count, name, place = found.groups()
            if name.startswith("0x"):  # the library has no names of its inner functions
                name = f"{Path(place or '?').name}:{name[:2]}{name[2:].lstrip('0')}"
            functions[shorten(name)] += int(count.replace(",", ""))
    return functions


def instructions_of(log):
    found = re.search(r"Collected : (\d+)", log)
    if not found:
        raise Failure(f"callgrind has counted nothing:\n{log[-2000:]}")
    return int(found[1])


def calls_of(log):
    """The system calls of each name between the two lines that the client prints, from the output of
    --trace-syscalls=yes."""
    calls = re.findall(r"^SYSCALL\[\d+,\d+\]\(\s*\d+\) sys_(\w+) \( (1,)?", log, re.M)
    printed = [at for at, call in enumerate(calls) if call == ("write", "1,")]
    if len(printed) < 2:
        raise Failure(f"valgrind has traced no system calls:\n{log[-2000:]}")
    counted = collections.Counter(name for name, _ in calls[printed[0] + 1:printed[-1]])
    for name in NOT_CALLED_OTHERWISE:
        counted.pop(name, None)
    return counted


def lowest(runs):
    """The cost of a unit, in total and by parts, of the run in which it was lowest."""
    best = min(runs, key=lambda run: run.amount / run.units)
    return (best.amount / best.units,
            {name: number / best.units for name, number in best.parts.items()})


def difference(short, long):
    """The cost of a unit, in total and by parts, from the lowest of the short and of the long runs."""
    fewer = min(short, key=lambda run: run.amount)
    more = min(long, key=lambda run: run.amount)
    units = more.units - fewer.units
    parts = {name: (more.parts.get(name, 0) - fewer.parts.get(name, 0)) / units
             for name in {*more.parts, *fewer.parts}}
    return (more.amount - fewer.amount) / units, parts


def check_punctual(said):
    """`said` is what the client says of a run."""
    if said["late"] > MOST_LATE * said["units"]:
        raise Disturbed(f"late service of {said['late']} of {said['units']} periods")


class Place:
    """A directory of a case's own, with its runtime directory and its recordings."""

    def __init__(self, directory, client, conf):
        self.client = client
        self.directory = Path(directory)
        self.runtime = self.directory / "runtime"
        self.runtime.mkdir(mode=0o700)
        # Nothing of the user's own environment and configuration: it would change the counts.
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.directory), "LC_ALL": "C",
                            "ALSA_CONFIG_PATH": str(conf), "XDG_RUNTIME_DIR": str(self.runtime)}

    def run(self, case, count, prefix=()):
        """What budget_case says at its end."""
        command = [*prefix, self.client, case.name, str(count)]
        try:
            done = subprocess.run(command, cwd=self.directory, text=True, capture_output=True,
                                  stdin=subprocess.DEVNULL, timeout=TIMEOUT_S, check=False,
                                  env=self.environment)
        except subprocess.TimeoutExpired as error:
            raise Failure(f"{case.name}: not finished after {TIMEOUT_S} seconds") from error
        if done.returncode == XRUN_STATUS and "xrun" in done.stderr:
            raise Disturbed("an xrun")
        if done.returncode != 0:
            raise Failure(f"{' '.join(map(str, command))}: status {done.returncode}: {done.stderr}")
        said = json.loads(done.stdout.splitlines()[-1])
        check_punctual(said)
        return said

    def with_partner(self, case, run):
        """Calls `run` while another process runs the other end of the loop."""
        if not case.partner:
            return run()
        with subprocess.Popen([self.client, case.partner, str(FOREVER)], cwd=self.directory,
                              env=self.environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as partner:
            try:
                if partner.stdout.readline().strip() != "started":
                    said = partner.stderr.read()
                    if "xrun" in said:
                        raise Disturbed("an xrun of the partner")
                    raise Failure(f"{case.name}: its partner has not started: {said}")
                result = run()
                if partner.poll() is not None:
                    raise Disturbed("the partner has ended")
                return result
            finally:
                partner.terminate()
                partner.wait()
                # A writer that is killed leaves its part of the tape, and to read many takes longer.
                shutil.rmtree(self.runtime / "dmasim", ignore_errors=True)

    def undisturbed(self, case, run):
        for _ in range(ATTEMPTS):
            try:
                return self.with_partner(case, run)
            except Disturbed as reason:
                last = reason
        raise Failure(f"{case.name}: {ATTEMPTS} runs were disturbed, the last one by {last}: "
                      "the machine is too busy")

    def under_callgrind(self, case, count):
        """One run's instructions and its system calls."""
        out, log = self.directory / "callgrind.out", self.directory / "callgrind.log"
        said = self.run(case, count, prefix=(
            "valgrind", "--tool=callgrind", "--fair-sched=yes", "--trace-syscalls=yes",
            f"--callgrind-out-file={out}", f"--log-file={log}"))
        text = log.read_text(errors="replace")
        annotated = subprocess.run(
            ["callgrind_annotate", "--threshold=100", "--auto=no", out], text=True, check=True,
            capture_output=True, timeout=TIMEOUT_S, env=self.environment).stdout
        calls = calls_of(text)
        return (Counted(said["units"], instructions_of(text), functions_of(annotated)),
                Counted(said["units"], calls.total(), calls))

    def runs(self, case, one_run):
        self.undisturbed(case, lambda: self.run(case, 1))  # makes the directories and files
        return [[self.undisturbed(case, lambda: one_run(case, count)) for _ in range(case.runs)]
                for count in (case.count, 2 * case.count)]

    def instructions_and_calls(self, case):
        short, long = self.runs(case, self.under_callgrind)
        instructions = difference([run[0] for run in short], [run[0] for run in long])
        return instructions, lowest([run[1] for run in short + long])

    def switches(self, case):
        runs = [said for length in self.runs(case, self.run) for said in length]
        return lowest([Counted(said["units"], said["switches"], {}) for said in runs])[0]


def in_place(method, case, client, conf):
    with tempfile.TemporaryDirectory(prefix="budget") as directory:
        return method(Place(directory, client, conf), case)


def measure(cases, client, conf, jobs):
    """The Measurement of each case, by its name. Switches depend on what else runs, so their runs are
    done one at a time."""
    result = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        counting = pool.map(
            lambda case: in_place(Place.instructions_and_calls, case, client, conf), cases)
        for case, ((instructions, functions), (calls, by_name)) in zip(cases, counting):
            result[case.name] = Measurement(instructions, calls, 0, functions, by_name)
            print(f"counted under callgrind: {case.name}", flush=True)
    for case in cases:
        result[case.name].switches = in_place(Place.switches, case, client, conf)
    return result


def need_tools():
    for tool, package in TOOLS.items():
        if not shutil.which(tool):
            raise Failure(f"{tool} is missing; Debian's package {package} has it, "
                          "and tools/setup ci installs it")
