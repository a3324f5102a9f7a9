"""docs/performance.md: every figure of one run, and what it was measured on."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import ssl
import subprocess
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.benchmarks import plots
from tests.benchmarks.marks import Mark, Plot, Result, Table

# What may be said in plain words, and how the marks begin that all have to be held for it.
CLAIMS = {
    "a sign-in takes as long with a million people as with a thousand": (
        "Time of a returning user:",
        "Time of a sign-in by Connect:",
        "Time of a first sign-in that links by email:",
    ),
    "the admin finds one of a million people at once": ("Account list in the admin",),
    "other pages of your site cost nothing": ("SQL of an ordinary page", "SQL of the login page"),
    "pages stay quick while Corbado is slow or gone": ("p95 of a page",),
}
PACKAGES = ("Django", "requests", "urllib3", "psycopg", "gunicorn", "uvicorn", "redis")
INTRODUCTION = """\
# Performance: what a sign-in with Corbado costs

In plain words: signing in a returning visitor costs your server {returning} a view written by hand
({outcome}). {claims}.

Below are the figures, and how they were measured.

A sign-in should cost what Django's `login()` and one HTTP call cost; every other page should cost
nothing. This page shows how near to that the app is. `make bench` measures all of it and writes
this page.

Times differ from machine to machine and from minute to minute, so what is compared is always
measured in one run, taking turns, and the figure to look at is the ratio: the median over many
rounds. Counts (queries, calls, connections) do not vary; tests check them, too.

**Bare** is the yardstick: a view written by hand that does only what must be done. It posts the
token to Corbado through a pooled `requests.Session`, reads the account and its user in one query,
calls `login()` and redirects; it has no protection of any kind. Its code is in
`tests/benchmarks/bare/`; it runs on the same server, database, session engine and stand-in for
Corbado as ours."""
RERUN = """\
## How to run it again

```console
$ make bench                              # all of it, {minutes} minutes; writes this page
$ make bench ARGS=--quick                 # small sizes, writes nothing: does it run at all?
$ make bench ARGS=sign-in                 # one of them, writes nothing
$ make bench ARGS=--help                  # lists them
```

It needs what `make test` needs (including PostgreSQL and Redis), and a machine that is otherwise
idle. A missed count makes the exit code 1; a missed ratio is only printed."""


def machine() -> dict[str, str]:
    """Return what the figures were measured on and with."""
    facts = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "load before it began": f"{os.getloadavg()[0]:.2f}",
        "system": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_version()}, {ssl.OPENSSL_VERSION}",
        "SQLite": sqlite3.sqlite_version,
    }
    for name in PACKAGES:
        try:
            facts[name] = version(name)
        except PackageNotFoundError:
            continue
    for name, command in (("PostgreSQL", "psql"), ("Redis", "redis-server")):
        if found := _version_of(command):
            facts[name] = found
    return facts


def write(docs: Path, facts: dict[str, str], results: dict[str, Result]) -> None:
    """Write the page, and its plots in place of those of the last run."""
    images = docs / "images"
    for old in images.glob("performance-*.svg"):
        old.unlink()
    for result in results.values():
        for plot in result.plots:
            plots.draw(plot, images / f"performance-{plot.name}.svg")
    (docs / "performance.md").write_text(page(facts, results), encoding="utf-8")


def page(facts: dict[str, str], results: dict[str, Result]) -> str:
    """Return the page as Markdown."""
    marks = [mark for result in results.values() for mark in result.marks]
    with_bound = [mark for mark in marks if mark.bound or mark.value is None]
    seconds = sum(result.seconds for result in results.values())
    parts = [
        INTRODUCTION.format(
            returning=_cost_of_returning(marks),
            outcome=outcome(with_bound),
            claims=_claims(with_bound),
        ),
        "## The marks",
        f"All figures are from the run of {facts['date']}, except for the time of `make test`.",
        _marks(with_bound),
        *(_section(result) for result in results.values()),
        "## What it was measured on",
        _table(Table("", ("", ""), list(facts.items()))),
        RERUN.format(minutes=max(1, round(seconds / 60))),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cost_of_returning(marks: list[Mark]) -> str:
    """Return the beginning of a comparison, by the worse of both databases."""
    returning = [mark for mark in marks if mark.what.startswith("CPU of a sign-in, returning")]
    ratios = [mark.value for mark in returning if mark.value is not None]
    if not ratios:
        return "about as much as"
    return f"{max(ratios):.0%} of what it costs in"


def outcome(marks: list[Mark]) -> str:
    """Return how many marks are held, missed and not measured."""
    verdicts = Counter(mark.verdict for mark in marks)
    others = [f"{verdicts[each]} {each}" for each in ("missed", "not measured") if verdicts[each]]
    return ", ".join([f"{verdicts['held']} of {len(marks)} marks held", *others])


def _claims(marks: list[Mark]) -> str:
    """Return a sentence of what the marks of this run prove."""
    proven = []
    for claim, beginnings in CLAIMS.items():
        about = [mark for mark in marks if mark.what.startswith(beginnings)]
        if about and all(mark.held for mark in about):
            proven.append(claim)
    if not proven:
        return "The table says which"
    *most, last = proven
    sentence = f"{', '.join(most)}, and {last}" if most else last
    return sentence[0].upper() + sentence[1:]


def _section(result: Result) -> str:
    parts = [f"## {result.title}", result.text.strip()]
    if without_bound := [m for m in result.marks if not m.bound and m.value is not None]:
        rows = [(mark.what, mark.figure, mark.note) for mark in without_bound]
        parts.append(_table(Table("", ("what", "figure", ""), rows)))
    for table in result.tables:
        parts += [f"**{table.title}**" if table.title else "", _table(table)]
    parts += [_image(plot) for plot in result.plots]
    return "\n\n".join(part for part in parts if part)


def _marks(marks: list[Mark]) -> str:
    rows = [(mark.what, mark.figure, mark.bound, mark.verdict, mark.note) for mark in marks]
    return _table(Table("", ("what", "figure", "mark", "", "spread, notes"), rows))


def _image(plot: Plot) -> str:
    text = re.sub(r"([\[\]])", r"\\\1", plots.description(plot))
    return f"![{text}](images/performance-{plot.name}.svg)"


def _table(table: Table) -> str:
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    is_number = [
        all(re.fullmatch(r"[-+\d.,]+", row[column]) for row in rows) and column > 0
        for column in range(len(table.header))
    ]
    lines = [
        table.header,
        ["---:" if number else "---" for number in is_number],
        *rows,
    ]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _cell(value: str | float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return value.replace("|", "\\|")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version_of(command: str) -> str:
    try:
        output = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    found = re.search(r"\d+(\.\d+)+", output.stdout)
    return found[0] if found else ""
