# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables of tools/bench, and how they get into a page."""

from statistics import median

import figures

BEGIN = "<!-- tools/bench: begin -->"
END = "<!-- tools/bench: end -->"
NOISE = " ~"
TABLES = (
    ("Opening and closing", ("open_close", "close_running")),
    ("Lateness", ("lateness",)),
    ("CPU and context switches", ("cpu_1", "cpu_16")),
    ("Memory, and a PCM that does nothing", ("memory", "wake_ups")),
)


def cell(sample, reference, figure):
    """A median and its spread; a mark if the difference from `reference` is noise."""
    if not sample.values:
        return "-"
    if figure.worst:
        return figures.short(sample.high)
    shown = figures.short(sample.median)
    if {figures.short(sample.low), figures.short(sample.high)} != {shown}:
        shown += f" ({figures.short(sample.low)} to {figures.short(sample.high)})"
    noise = reference is not None and reference.values and figures.is_noise(sample, reference)
    return shown + NOISE if noise else shown


def rows_to_table(rows):
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return [head, "|" + "---|" * len(rows[0]), *body]


def pcm_table(record, measures):
    """A row for each PCM. The first PCM is what the others are compared with."""
    columns = [figure for figure in figures.FIGURES if figure.measure in measures]
    first = record["pcms"][0]["name"]
    rows = [["", *(figure.title for figure in columns)]]
    for pcm in record["pcms"]:
        row = [pcm["name"] if pcm["peer"] else f"**{pcm['name']}**"]
        for figure in columns:
            reference = None
            if pcm["name"] != first:
                reference = figures.sample(record["lines"], first, figure)
            row.append(cell(figures.sample(record["lines"], pcm["name"], figure), reference, figure))
        rows.append(row)
    return rows_to_table(rows)


def reasons(record):
    """What each PCM cannot do, and which were left out."""
    said = []
    for pcm in record["pcms"]:
        for line in record["lines"]:
            entry = f"- {pcm['name']}, `{line['measure']}`: {line.get('cannot')}"
            if line["name"] == pcm["name"] and "cannot" in line and entry not in said:
                said.append(entry)
    return said + [f"- {name} was left out: {why}" for name, why in record["left_out"].items()]


def machine(record):
    facts = record["machine"]
    lines = [f"{facts['date']}, {facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}; "
             f"load average at the start {facts['load']}; "
             f"{facts['busy_percent']:.0f} % of the processors busy before the first round; "
             f"{facts['rounds']} round{'' if facts['rounds'] == 1 else 's'}. "
             + ", ".join(f"{name} {version}" for name, version in facts["versions"].items()) + "."]
    if facts["quick"]:
        lines += ["", "**A run with `--quick`: these numbers show that the command works, and nothing "
                  "else.**"]
    if facts["busy_percent"] >= facts["idle_limit_percent"]:
        lines += ["", "**The machine was busy: do not trust the times.**"]
    return lines


def engine_table(record):
    rows = [["", "ns, median (least to largest)"]]
    for name, values in record["engine"].items():
        sample = figures.Sample(tuple(values))
        rows.append([f"`{name}`", cell(sample, None, ENGINE)])
    return rows_to_table(rows)


ENGINE = figures.Figure("engine", "ns", None)


def bare(record):
    """What the machine itself needed, in the same run."""
    keys = (("close_running", "round_trip_us_p50", "a futex round trip between two cores"),
            ("lateness", "bare_us_p50", "the bare chain, p50"),
            ("lateness", "bare_us_p99", "the bare chain, p99"))
    said = []
    for measure, key, name in keys:
        values = [line[key] for line in record["lines"]
                  if line["measure"] == measure and line.get(key) is not None]
        if values:
            said.append(f"{name} {figures.short(median(values))} µs")
    return ["The machine itself, in the same run: " + ", ".join(said) + "."] if said else []


def write(record, picture):
    """The part of the page between the two marks."""
    lines = [*machine(record), "", *bare(record), ""]
    if picture:
        lines += [f"![The same as a plot, on logarithmic scales]({picture})", ""]
    for title, measures in TABLES:
        lines += [f"### {title}", "", *pcm_table(record, measures), ""]
    lines += ["A number is the median of the rounds, with the least and the largest one. "
              f"`{NOISE.strip()}`: the difference from the first row is not larger than the spread, so it "
              "is noise. Xruns are those of the worst round.", ""]
    said = reasons(record)
    if said:
        lines += ["`-`: the PCM cannot do it.", "", *said, ""]
    if record["engine"]:
        lines += ["### The engine and what it is built of", "", *engine_table(record), ""]
    return "\n".join(lines)


def put_between_marks(page, content):
    """`page` with everything between the marks replaced. Fails if there are none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{content}\n{END}{after}"
