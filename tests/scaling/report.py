"""What happened to each visitor, as text and as a part of docs/scaling.md."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from statistics import median, quantiles

from tests.benchmarks.report import machine
from tests.scaling.blocks import PAGE
from tests.scaling.scenarios import Outcome
from tests.scaling.servers import HOSTS, THREADS, WORKERS

LOAD = os.getloadavg()[0]
HEADER = ("first trouble", "and then", "visitors")
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
    parts = [
        f"Run of {measured_on}. Load of the machine before it began: {LOAD:.1f}. Two hosts of "
        f"{WORKERS} x {THREADS} threads; a third of the visitors come back, a third are linked, a "
        "third are new; some have a session before, some come in two tabs at once."
    ]
    for outcome in outcomes:
        rows = [HEADER, ("---", "---", "---:")]
        rows += [(first or "none", end, str(number)) for first, end, number in outcome.rows()]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        parts += [f"**{_title(outcome)}.** {_sentence(outcome)}", table]
    parts += [_footprint(outcomes[0])]
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


def _footprint(outcome: Outcome) -> str:
    """Say what the sign-ins of a quiet run left behind."""
    before, after = outcome.before, outcome.after
    log = (after.log[0] - before.log[1]) / len(outcome.visits) / 1024
    rows = [
        ("a row of `django_session` with its indexes",
         f"{after.bytes_a_row['django_session']:,.0f} bytes"),
        ("a row of `corbado_auth_corbadoaccount` with its indexes",
         f"{after.bytes_a_row['corbado_auth_corbadoaccount']:,.0f} bytes"),
        ("write-ahead log of PostgreSQL for a visit, without full pages", f"{log:.1f} kB"),
        ("Redis memory for a session", f"{after.redis_bytes:,.0f} bytes"),
        (f"connections to PostgreSQL, {HOSTS} hosts of {WORKERS} x {THREADS} threads",
         f"{after.connections}"),
    ]  # fmt: skip
    table = "\n".join(f"| {what} | {figure} |" for what, figure in rows)
    return f"**What a sign-in leaves** (of the first run above)\n\n| | |\n| --- | ---: |\n{table}"
