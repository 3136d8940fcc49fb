# SPDX-License-Identifier: LGPL-2.1-or-later
"""The plot of tools/bench: a panel for each figure, and in it a bar for each PCM, on a logarithmic
scale. The background is part of the picture, so that it can be read on a dark page too."""

import math
from xml.sax.saxutils import escape

import figures

WIDTH = 960
COLUMNS = 2
MARGIN = 16
ROW = 19
BAR = 12
NAMES = 104  # room for the names of the PCMs
VALUES = 78  # room for the numbers behind the bars
HEAD = 64
COLOURS = {"own": "#1f6fb4", "peer": "#8a8f98", "text": "#1b1f24", "faint": "#5b626c",
           "grid": "#d9dde2", "whisker": "#c2410c"}


class Panel:
    """One figure: its name, a grid of powers of ten, and the bars."""

    def __init__(self, figure, pcms, lines):
        self.figure = figure
        self.pcms = pcms
        self.samples = [figures.sample(lines, pcm["name"], figure) for pcm in pcms]
        shown = [value for sample in self.samples for value in sample.values if value > 0]
        self.low = math.floor(math.log10(min(shown))) if shown else 0
        self.high = max(math.ceil(math.log10(max(shown))), self.low + 1) if shown else 1

    def height(self):
        return 44 + ROW * len(self.pcms)

    def place(self, value, width):
        part = (math.log10(value) - self.low) / (self.high - self.low) if value > 0 else 0
        return width * min(1, max(0, part))

    def draw(self, left, top, width):
        bars = width - NAMES - VALUES
        begin = left + NAMES
        bottom = top + 24 + ROW * len(self.pcms)
        yield text(left, top + 12, self.figure.title, weight="bold")
        for power in range(self.low, self.high + 1):
            at = begin + self.place(10.0 ** power, bars)
            yield (f'<line x1="{at:.1f}" y1="{top + 22}" x2="{at:.1f}" y2="{bottom}" '
                   f'stroke="{COLOURS["grid"]}"/>')
            yield text(at, bottom + 12, label(power), size=10, anchor="middle", colour="faint")
        for row, (pcm, sample) in enumerate(zip(self.pcms, self.samples)):
            yield from self.draw_row(pcm, sample, begin, top + 24 + ROW * row, bars)

    def draw_row(self, pcm, sample, begin, top, bars):
        base = top + BAR
        yield text(begin - 6, base, pcm["name"], size=12, anchor="end")
        if not sample.values:
            yield text(begin + 4, base, "cannot", size=11, colour="faint")
            return
        length = self.place(sample.median, bars)
        colour = COLOURS["peer" if pcm["peer"] else "own"]
        title = f"{pcm['name']}: {self.figure.title} {figures.short(sample.median)}"
        yield (f'<rect class="bar" x="{begin}" y="{top + 2}" width="{length:.1f}" height="{BAR}" '
               f'fill="{colour}"><title>{escape(title)}</title></rect>')
        if sample.spread > 0:
            low, high = (begin + self.place(value, bars) for value in (sample.low, sample.high))
            middle = top + 2 + BAR / 2
            yield (f'<line x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" y2="{middle}" '
                   f'stroke="{COLOURS["whisker"]}" stroke-width="2"/>')
        end = max(length, self.place(sample.high, bars))
        yield text(begin + end + 6, base, figures.short(sample.median), size=12)


def label(power):
    return f"{10 ** power:,}" if power >= 0 else f"{10.0 ** power:.{-power}f}"


def text(left, base, words, size=13, anchor="start", colour="text", weight="normal"):
    return (f'<text x="{left:.1f}" y="{base:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'font-weight="{weight}" fill="{COLOURS[colour]}">{escape(words)}</text>')


def draw(record):
    """The whole picture, as the text of an SVG file."""
    panels = [Panel(figure, record["pcms"], record["lines"])
              for figure in figures.FIGURES if figure.plotted]
    width = (WIDTH - MARGIN * (COLUMNS + 1)) / COLUMNS
    body = []
    top = HEAD
    for begin in range(0, len(panels), COLUMNS):
        row = panels[begin:begin + COLUMNS]
        for column, panel in enumerate(row):
            body += panel.draw(MARGIN + column * (width + MARGIN), top, width)
        top += max(panel.height() for panel in row) + 18
    title = "dmasim and its peers: less is better"
    note = ("48 kHz, 16 bits, stereo, periods of 256 frames. Logarithmic scales. "
            "The line in a bar: from the least to the largest value.")
    return "\n".join([
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<!-- SPDX-License-Identifier: LGPL-2.1-or-later; written by tools/bench -->',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" '
        f'viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>',
        text(MARGIN, 26, title, size=17, weight="bold"),
        text(MARGIN, 46, note, size=12, colour="faint"),
        *body,
        "</svg>", ""])
