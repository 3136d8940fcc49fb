# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures dmasim and its peers by turns, and writes the page. tools/bench builds and starts it."""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import page
import peers
import plot

ROUNDS = 5
PATIENCE_SECONDS = 120
IDLE_LIMIT_PERCENT = 10
LOOK_SECONDS = 1
LONG = ("--seconds", "1.1", "--idle-seconds", "0.4", "--cycles", "200", "--stops", "25")
QUICK = ("--seconds", "0.3", "--idle-seconds", "0.05", "--cycles", "10", "--stops", "3")


def say(words):
    print(f"tools/bench: {words}", file=sys.stderr)


def busy_percent():
    """How busy all processors are, without this process, which sleeps."""
    def look():
        with open("/proc/stat", encoding="ascii") as file:
            times = [int(word) for word in file.readline().split()[1:9]]
        return sum(times), times[3] + times[4]  # all; idle and waiting for a disk

    all_before, idle_before = look()
    time.sleep(LOOK_SECONDS)
    all_after, idle_after = look()
    return 100 * (1 - (idle_after - idle_before) / max(1, all_after - all_before))


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def describe_machine(options, rounds):
    busy = busy_percent()
    if busy >= IDLE_LIMIT_PERCENT:
        say(f"the machine is not idle: {busy:.0f} % busy, load average {options.load}; "
            "do not trust the times")
    return {"date": datetime.date.today().isoformat(), "cpu": cpu_model(), "cores": os.cpu_count(),
            "kernel": platform.release(), "load": options.load, "busy_percent": busy,
            "idle_limit_percent": IDLE_LIMIT_PERCENT, "rounds": rounds, "quick": options.quick,
            "versions": peers.versions(options.build)}


def run_pcm_bench(build, pcm, shape, environment, servers):
    """The lines of one run. If it fails, one line for each measurement says so."""
    command = [str(build / "tests" / "bench" / "pcm_bench"), pcm.alsa_name, "--kind", pcm.kind, *shape]
    for server in servers:
        command += ["--server", str(server)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False,
                              timeout=PATIENCE_SECONDS)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        why = f"pcm_bench ended with {done.returncode}: {done.stderr.strip()[-200:]}"
        failed = done.returncode != 0
    except subprocess.TimeoutExpired as late:
        lines = [json.loads(line) for line in (late.stdout or b"").decode().splitlines()]
        why = f"pcm_bench did not end within {PATIENCE_SECONDS} s"
        failed = True
    if failed:
        seen = {line["measure"] for line in lines}
        measures = [name for _, names in page.TABLES for name in names]
        lines += [{"measure": name, "cannot": why} for name in measures if name not in seen]
    return lines


def measure(options, rounds, chosen, place):
    """Goes round all PCMs, and begins each round with another one. Returns lines and reasons."""
    shape = QUICK if options.quick else LONG
    lines = []
    left_out = {}
    for number in range(rounds):
        turn = number % max(1, len(chosen))
        for pcm in chosen[turn:] + chosen[:turn]:
            if pcm.name in left_out:
                continue
            try:
                with pcm.session(place) as (environment, servers):
                    found = run_pcm_bench(options.build, pcm, shape, environment, servers)
            except peers.Absent as reason:
                left_out[pcm.name] = str(reason)
                say(f"{pcm.name} is left out: {reason}")
                continue
            for line in found:
                lines.append({"round": number, "name": pcm.name, **line})
        say(f"round {number + 1} of {rounds} is over")
    # What failed later is left out as a whole.
    return [line for line in lines if line["name"] not in left_out], left_out


def measure_engine(options, rounds):
    """The nanoseconds of each benchmark, one for each repetition."""
    command = [str(options.build / "tests" / "bench" / "engine_bench"),
               "--benchmark_format=json", f"--benchmark_repetitions={rounds}",
               "--benchmark_enable_random_interleaving=true",
               f"--benchmark_min_time={0.01 if options.quick else 0.1}"]
    if not os.path.exists(command[0]):
        return {}
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = {}
    for run in json.loads(done.stdout)["benchmarks"]:
        if run["run_type"] == "iteration" and not run.get("error_occurred"):
            name = run["name"].removesuffix("/real_time").removesuffix("/manual_time")
            found.setdefault(name, []).append(run["real_time"])
    return dict(sorted(found.items()))


def record_all(options):
    rounds = 1 if options.quick else ROUNDS
    chosen = [pcm for pcm in peers.PCMS if not options.only or pcm.key in options.only.split(",")]
    facts = describe_machine(options, rounds)
    with ExitStack() as stack:
        place = stack.enter_context(peers.Place(options.build))
        engine = {} if options.only else measure_engine(options, rounds)
        lines, left_out = measure(options, rounds, chosen, place)
    pcms = [{"name": pcm.name, "peer": pcm.peer} for pcm in chosen if pcm.name not in left_out]
    return {"machine": facts, "pcms": pcms, "lines": lines, "left_out": left_out, "engine": engine}


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path)
    parser.add_argument("--load", default="unknown")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--from", type=Path, dest="recorded")
    parser.add_argument("--page", type=Path)
    return parser.parse_args()


def main():
    options = parse()
    if options.recorded:
        record = json.loads(options.recorded.read_text(encoding="utf-8"))
    else:
        record = record_all(options)
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if not record["pcms"]:
        say("nothing was measured")
        return 1
    if options.page:
        picture = options.page.with_suffix(".svg")
        written = page.put_between_marks(options.page.read_text(encoding="utf-8"),
                                         page.write(record, picture.name))
        options.page.write_text(written, encoding="utf-8")
        picture.write_text(plot.draw(record), encoding="utf-8")
        say(f"written: {options.page} and {picture}")
    else:
        print(page.write(record, ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
