# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stored numbers, and how measured ones compare with them.

The file has an entry for each combination of versions, and in it one for each case. A number stands
beside the reason for which it was stored. `functions` and `calls` say where the number comes from: the
largest parts of `instructions` and of `system_calls`."""

import dataclasses
import json

# By how much a number may be above the stored one.
ALLOWED = {"instructions": 1.03, "system_calls": 1.05, "switches": 1.5}
PARTS = {"instructions": "functions", "system_calls": "calls"}
DIGITS = {"instructions": 0, "system_calls": 2, "switches": 2}
KEPT_PARTS = 24
NAMED_PARTS = 6


class BadFile(Exception):
    """The file of the stored numbers cannot be used."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    case: str
    metric: str
    number: float
    stored: float  # None if nothing is stored

    @property
    def passed(self):
        return self.stored is not None and self.number <= self.stored * ALLOWED[self.metric]

    @property
    def change(self):
        if self.stored is None:
            return "nothing stored"
        if self.stored == 0:
            return f"stored {self.stored:g}"
        return f"{100 * (self.number / self.stored - 1):+.1f} %"


def rounded(metric, number):
    number = round(number, DIGITS[metric])
    return number if DIGITS[metric] else int(number)


def largest(parts, digits):
    """The largest parts, each of them rounded."""
    kept = sorted(parts.items(), key=lambda part: -part[1])[:KEPT_PARTS]
    return {name: rounded_part for name, number in kept
            if (rounded_part := round(number, digits) if digits else round(number)) > 0}


def numbers_of(measurement):
    return {metric: rounded(metric, getattr(measurement, metric)) for metric in ALLOWED}


def parts_of(measurement, metric):
    return largest(getattr(measurement, PARTS[metric]), DIGITS[metric])


def load(path):
    """The combinations of the file. There are none if there is no file."""
    try:
        combinations = json.loads(path.read_text())["combinations"]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise BadFile(f"{path}: not a file of stored numbers: {error!r}") from error
    for combination, cases in combinations.items():
        for case, entry in cases.items():
            for metric in ALLOWED:
                if not entry.get(metric, {}).get("reason"):
                    raise BadFile(f"{path}: {combination}: {case}: {metric} has no reason")
    return combinations


def save(path, combinations):
    path.write_text(json.dumps({"combinations": combinations}, indent=1, sort_keys=True) + "\n")


def entry_of(measurement, reason, before=None):
    """What is stored for a case. A number that is above the one stored before, by no more than is
    allowed, does not replace it: small rises do not add up."""
    before = before or {}
    entry = {}
    for metric, number in numbers_of(measurement).items():
        old = before.get(metric)
        if old and old["number"] <= number <= old["number"] * ALLOWED[metric]:
            kept = before
        else:
            kept = {metric: {"number": number, "reason": reason}}
            if metric in PARTS:
                kept[PARTS[metric]] = parts_of(measurement, metric)
        for key in (metric, PARTS.get(metric)):
            if key in kept:
                entry[key] = kept[key]
    return entry


def compare(measurements, entries):
    return [Verdict(case, metric, number, entries.get(case, {}).get(metric, {}).get("number"))
            for case, measurement in measurements.items()
            for metric, number in numbers_of(measurement).items()]


def grown(measurement, entry, metric):
    """The parts that have grown most: name, number before and now. A part that is not stored was at
    most as large as the smallest stored one, if as many are stored as are kept, or else 0."""
    stored = entry.get(PARTS[metric], {})
    at_most = min(stored.values()) if len(stored) >= KEPT_PARTS else 0
    changes = [(name, stored.get(name, min(at_most, now)), now)
               for name, now in parts_of(measurement, metric).items()]
    changes = [change for change in changes if change[2] > change[1]]
    return sorted(changes, key=lambda change: change[1] - change[2])[:NAMED_PARTS]


def explain(verdict, measurement, entry, unit):
    """The lines that say what is above its budget, and what of it has grown."""
    noun = verdict.metric.replace("_", " ")
    if verdict.stored is None:
        return [f"{verdict.case}: {noun}: no number is stored for this case; see --store"]
    percent = round(100 * (ALLOWED[verdict.metric] - 1))
    lines = [f"{verdict.case}: {verdict.number:g} {noun} for each {unit}, stored are "
             f"{verdict.stored:g}: {verdict.change}, allowed are {percent} %"]
    for metric, parts in PARTS.items():
        changes = grown(measurement, entry, metric)
        if changes:
            lines.append(f"  {metric.replace('_', ' ')} that grew most, by {parts}:")
            lines += [f"    {now - before:+10g}  {name}  ({before:g} -> {now:g})"
                      for name, before, now in changes]
    return lines


def lower(first, second):
    """Of two Measurements of a case the lower number of each kind, with its parts."""
    result = dataclasses.replace(first)
    for metric in ALLOWED:
        if getattr(second, metric) < getattr(first, metric):
            setattr(result, metric, getattr(second, metric))
            if metric in PARTS:
                setattr(result, PARTS[metric], getattr(second, PARTS[metric]))
    return result
