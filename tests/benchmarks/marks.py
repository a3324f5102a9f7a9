"""What a benchmark hands over: figures with the marks that they have to meet, tables and plots.

A benchmark is a module with ``def measure() -> Result``. ``python -m tests.benchmarks`` runs each
in a process of its own, so it may set up Django as it likes; whatever it starts, it stops.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeVar

QUICK_VARIABLE = "BENCHMARK_QUICK"

T = TypeVar("T")


def quick() -> bool:
    """Return whether this run only tries the benchmarks out (``--quick``)."""
    return bool(os.environ.get(QUICK_VARIABLE))


def size(full: T, small: T) -> T:
    """Return ``full``, or ``small`` in a run that only tries the benchmarks out."""
    return small if quick() else full


@dataclass(frozen=True)
class Mark:
    """A figure and its bounds. A count never varies, so a missed one fails the run.

    With neither bound it is a figure for the record. ``unit`` is "" for a ratio. A value of None
    was not measured, and ``note`` says why.
    """

    what: str
    value: float | None
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    is_count: bool = False
    note: str = ""

    @property
    def held(self) -> bool:
        """Return whether there is a figure, and it is within its bounds."""
        return (
            self.value is not None
            and (self.at_most is None or self.value <= self.at_most)
            and (self.at_least is None or self.value >= self.at_least)
        )

    @property
    def is_missed(self) -> bool:
        """Return whether there is a figure, and it is not within its bounds."""
        return self.value is not None and not self.held

    @property
    def figure(self) -> str:
        """Return the value as it is printed."""
        return "" if self.value is None else self._number(self.value)

    @property
    def bound(self) -> str:
        """Return the mark as it is printed."""
        if self.at_most is not None and self.at_most == self.at_least:
            return self._number(self.at_most)
        bounds = (("at most", self.at_most), ("at least", self.at_least))
        return ", ".join(
            f"{word} {self._number(value)}" for word, value in bounds if value is not None
        )

    @property
    def verdict(self) -> str:
        """Return held, missed, or not measured; nothing for a figure without a mark."""
        if self.value is None:
            return "not measured"
        if not self.bound:
            return ""
        return "held" if self.held else "missed"

    def _number(self, value: float) -> str:
        if self.is_count or abs(value) >= 1000:
            number = f"{value:,.0f}"
        elif not self.unit:
            # Three places, or 1.104 would be printed as a missed 1.10.
            number = f"{value:.3f}".removesuffix("0")
        else:
            number = f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
        unit = self.unit
        if number == "1":
            unit = {"queries": "query"}.get(unit, unit.removesuffix("s"))
        return f"{number} {unit}".rstrip()


@dataclass(frozen=True)
class Table:
    """Rows under a header; the first column is text, numbers are aligned to the right."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | float | int]]


@dataclass(frozen=True)
class Plot:
    """A plot; the file is docs/images/performance-{name}.svg.

    ``series`` maps the name of a line, or of a group of bars, to its points (x, y); x is a number
    for lines and a word for bars. ``mark`` is drawn as a dashed line across.
    """

    name: str
    title: str
    x_label: str
    y_label: str
    kind: Literal["bars", "lines"]
    series: Mapping[str, Sequence[tuple[float | str, float]]]
    mark: float | None = None
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Result:
    """All that one benchmark found. ``text`` is Markdown: what was compared, and how."""

    title: str
    text: str
    marks: Sequence[Mark] = ()
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    seconds: float = field(default=0.0, compare=False)

    def as_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        """Return the result that was written."""
        lists = {
            "marks": [Mark(**mark) for mark in data["marks"]],
            "tables": [Table(**table) for table in data["tables"]],
            "plots": [Plot(**plot) for plot in data["plots"]],
        }
        return cls(**{**data, **lists})
