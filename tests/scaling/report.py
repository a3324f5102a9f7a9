"""What happened to each visitor, as text and as a part of docs/scaling.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median, quantiles

from tests.benchmarks.report import machine
from tests.scaling.blocks import PAGE
from tests.scaling.scenarios import Outcome

HEADER = ("what happened first", "and then", "visitors")
# The part of the page that is written from the last run.
PLACE = re.compile(
    r"(?<=<!-- figures of the last run -->\n).*?(?=<!-- end of the figures -->)", re.DOTALL
)


def as_text(outcomes: Sequence[Outcome]) -> str:
    """Return a table for each scenario."""
    lines = []
    for outcome in outcomes:
        lines += ["", str(outcome.scenario), f"  {_sentence(outcome)}"]
        lines += [
            f"  {number:>6}  {first + ': ' if first else ''}{end}"
            for first, end, number in outcome.rows()
        ]
    return "\n".join(lines)


def write(outcomes: Sequence[Outcome]) -> None:
    """Put the tables into the page."""
    facts = machine()
    measured_on = "; ".join(
        f"{name} {facts[name]}" if name not in {"date", "processor"} else facts[name]
        for name in ("date", "processor", "Python", "Django", "gunicorn", "PostgreSQL", "Redis")
        if name in facts
    )
    parts = [f"Run of {measured_on}."]
    for outcome in outcomes:
        rows = [HEADER, ("---", "---", "---:")]
        rows += [(first or "nothing", end, str(number)) for first, end, number in outcome.rows()]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        parts += [f"**{_title(outcome)}.** {_sentence(outcome)}", table]
    text = PAGE.read_text(encoding="utf-8")
    assert PLACE.search(text), "docs/scaling.md has no place for the figures"
    text = PLACE.sub(lambda _match: "\n" + "\n\n".join(parts) + "\n\n", text)
    PAGE.write_text(text, encoding="utf-8")


def _title(outcome: Outcome) -> str:
    name = outcome.scenario.name
    return name[0].upper() + name[1:]


def _sentence(outcome: Outcome) -> str:
    """Say how many came, how long they took, and how long the slowest did."""
    seconds = [visit.seconds for visit in outcome.visits]
    return (
        f"{len(seconds)} visitors in {outcome.seconds:.0f} s. A visit took "
        f"{median(seconds):.1f} s; "
        f"{quantiles(seconds, n=20)[-1]:.1f} s for one in twenty, "
        f"{max(seconds):.1f} s for the slowest."
    )
