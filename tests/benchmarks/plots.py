"""Plots as SVG: readable on light and dark pages, by eye and by screen reader."""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path
from typing import Any

from tests.benchmarks.marks import Plot

# Told apart by lightness and pattern too; each has a contrast of 3 and more on white.
COLOURS = ("#0b5394", "#c65102", "#2e7d32", "#7b1fa2", "#5f6368")
HATCHES = ("", "///", "...", "xxx", "---")
MARKERS = ("o", "s", "^", "D", "v")
DASHES = ("-", "--", "-.", ":", "-")


def description(plot: Plot) -> str:
    """Return what the plot shows, in words and figures."""
    parts = []
    for name, points in plot.series.items():
        figures = ", ".join(f"{_number(x)}: {_number(y)}" for x, y in points)
        parts.append(f"{name}: {figures}" if name else figures)
    sentence = f"{plot.title} ({plot.y_label} by {plot.x_label}). {'; '.join(parts)}."
    if plot.mark is not None:
        sentence += f" The mark is {_number(plot.mark)}."
    # A word may be broken over two lines under its bar.
    return sentence.replace("\n", " ")


def draw(plot: Plot, file: Path) -> None:
    """Write the plot."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib.figure import Figure

    style = {"svg.fonttype": "none", "svg.hashsalt": plot.name, "font.family": "sans-serif"}
    with mpl.rc_context(style):
        # The panel is white on every page: a transparent one would follow the reader's system, and
        # not the page, which may be dark where the system is light.
        figure = Figure(figsize=(7.2, 3.9), layout="constrained", facecolor="white")
        axes = figure.subplots()
        (_bars if plot.kind == "bars" else _lines)(axes, plot)
        axes.set(xlabel=plot.x_label, ylabel=plot.y_label, title=plot.title)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#dddddd")
        axes.set_axisbelow(True)
        if plot.mark is not None:
            axes.axhline(plot.mark, color="#202124", linestyle=(0, (4, 3)), label="mark")
        _scale(axes, plot)
        if len(plot.series) > 1 or plot.mark is not None:
            axes.legend(frameon=False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    file.write_text(_accessible(out.getvalue(), plot), encoding="utf-8")


def _bars(axes: Any, plot: Plot) -> None:
    words = list(dict.fromkeys(str(x) for points in plot.series.values() for x, _y in points))
    width = 0.8 / len(plot.series)
    for number, (name, points) in enumerate(plot.series.items()):
        places = [words.index(str(x)) + (number + 0.5) * width - 0.4 for x, _y in points]
        bars = axes.bar(
            places,
            [y for _x, y in points],
            width * 0.92,
            label=name,
            color=COLOURS[number],
            hatch=HATCHES[number],
            edgecolor="white",
        )
        axes.bar_label(bars, [_number(y) for _x, y in points], padding=2, fontsize="small")
    axes.set_xticks(range(len(words)), words)


def _lines(axes: Any, plot: Plot) -> None:
    for number, (name, points) in enumerate(plot.series.items()):
        axes.plot(
            [x for x, _y in points],
            [y for _x, y in points],
            label=name,
            color=COLOURS[number],
            marker=MARKERS[number],
            linestyle=DASHES[number],
        )


def _scale(axes: Any, plot: Plot) -> None:
    for axis, is_log in (("x", plot.log_x), ("y", plot.log_y)):
        if is_log:
            axes.set(**{f"{axis}scale": "log"})
            getattr(axes, f"{axis}axis").set_major_formatter(lambda value, _place: _number(value))
    if not plot.log_y:
        axes.margins(y=0.12)
        axes.set_ylim(bottom=0)


def _accessible(svg: str, plot: Plot) -> str:
    """Name the picture for a screen reader, and let it grow and shrink with the page."""
    words = f"<title>{escape(plot.title)}</title>\n<desc>{escape(description(plot))}</desc>"
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"(<svg [^>]*)>", lambda found: f'{found[1]} role="img">\n {words}', svg, count=1)


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
