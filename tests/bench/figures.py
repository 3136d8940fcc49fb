# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tools/bench shows of the lines of pcm_bench: each figure's median over the rounds, its spread,
and which differences are noise."""

import math
from dataclasses import dataclass
from statistics import median
from typing import Callable

FEWEST_FOR_A_DIFFERENCE = 3  # values of each side
LEAST_SHOWN = 0.001


def number(key):
    return lambda line: line.get(key)


def both(key):
    """What the program and its server need together."""
    return lambda line: line[key] + line["server_" + key]


@dataclass(frozen=True)
class Figure:
    measure: str
    title: str
    value: Callable
    plotted: bool = False
    worst: bool = False  # the largest value counts, not the median


FIGURES = (
    Figure("open_close", "open and close, µs", number("cycle_us_p50"), plotted=True),
    Figure("open_close", "cycles/s", number("cycles_per_s")),
    Figure("close_running", "stop and close, µs", number("stop_us_p50")),
    Figure("close_running", "stop and close ÷ round trip", number("ratio"), plotted=True),
    Figure("lateness", "lateness p50, µs", number("late_us_p50")),
    Figure("lateness", "lateness p50 ÷ bare chain", number("ratio_p50"), plotted=True),
    Figure("lateness", "lateness p99, µs", number("late_us_p99")),
    Figure("lateness", "lateness p99 ÷ bare chain", number("ratio_p99")),
    Figure("cpu_1", "CPU of 1 stream, µs/period", both("cpu_us_per_period"), plotted=True),
    Figure("cpu_16", "CPU of 16 streams, µs/period", both("cpu_us_per_period"), plotted=True),
    Figure("cpu_1", "switches of 1 stream, per period", both("switches_per_period")),
    Figure("cpu_16", "switches of 16 streams, per period", both("switches_per_period")),
    Figure("cpu_1", "xruns of 1 stream", number("xruns"), worst=True),
    Figure("cpu_16", "xruns of 16 streams", number("xruns"), worst=True),
    Figure("memory", "memory of an open PCM, kB", number("open_kb")),
    Figure("memory", "memory of a running PCM, kB", number("running_kb"), plotted=True),
    Figure("wake_ups", "open, wake-ups/s", number("open_per_s")),
    Figure("wake_ups", "prepared, wake-ups/s", number("prepared_per_s")),
    Figure("wake_ups", "paused, wake-ups/s", number("paused_per_s")),
    Figure("wake_ups", "stopped, wake-ups/s", number("idle_per_s")),
)


@dataclass(frozen=True)
class Sample:
    """The values of one figure of one PCM, one for each round; or why there are none."""

    values: tuple
    cannot: str = ""

    @property
    def median(self):
        return median(self.values)

    @property
    def low(self):
        return min(self.values)

    @property
    def high(self):
        return max(self.values)

    @property
    def spread(self):
        return self.high - self.low


def sample(lines, name, figure):
    """The values of `figure` among all lines that were recorded."""
    mine = [line for line in lines if line["name"] == name and line["measure"] == figure.measure]
    values = [figure.value(line) for line in mine if "cannot" not in line]
    values = tuple(value for value in values if value is not None)
    if values:
        return Sample(values)
    reasons = [line["cannot"] for line in mine if "cannot" in line]
    return Sample((), reasons[0] if reasons else "it has no such thing")


def is_noise(one, other):
    """Whether two samples differ by less than they spread. Exactly equal ones do not differ."""
    difference = abs(one.median - other.median)
    if difference == 0:
        return False
    if min(len(one.values), len(other.values)) < FEWEST_FOR_A_DIFFERENCE:
        return True
    return difference <= max(one.spread, other.spread)


def short(value):
    """Three digits, and no exponent."""
    if value == 0:
        return "0"
    if abs(value) < LEAST_SHOWN:
        return f"<{LEAST_SHOWN}"
    digits = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    return f"{rounded:,.{max(0, digits)}f}" if digits > 0 else f"{rounded:,.0f}"
