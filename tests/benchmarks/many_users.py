"""A sign-in with a million users and accounts beside one with a thousand."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from tests.benchmarks.databases import POSTGRESQL, databases
from tests.benchmarks.marks import Plot, Result, Table, size
from tests.benchmarks.rounds import in_turns
from tests.benchmarks.workers import Worker, a_worker
from tests.support.scripted_corbado import a_corbado

SMALL = 1_000
KINDS = {
    "returning": "a returning user",
    "connect": "a sign-in by Connect",
    "linking": "a first sign-in that links by email",
    "authMethods": "the `authMethods` webhook",
}
BATCH = 8
ROUNDS = 40
# A step that no size is a multiple of: the people of one turn are far apart.
STRIDE = 7_919
TEXT = """\
Two sites on one PostgreSQL, one with a thousand users and accounts, one with a million. Both have
the index that `manage.py corbado_email_index` creates. What is measured is the time of a whole
request, including the stand-in's answer, since a bigger table is work for the database and not for
the site; the two take turns. Each sign-in is by a different person.

The plot shows what lookups by address cost without that index: the database reads every user, and
[how to give email lookups an index](how-to-email-index.md) shows the remedy."""


def measure() -> Result:
    """Compare the two, and grow one of them from small to large without the index."""
    large = size(1_000_000, 10_000)
    with ExitStack() as stack:
        enter = stack.enter_context
        corbado = enter(a_corbado())
        few_database, many_database = enter(databases(POSTGRESQL, "few", "many"))
        few = enter(a_worker("ours", few_database, corbado))
        many = enter(a_worker("ours", many_database, corbado))
        few.tell("grow", first=0, last=SMALL)
        few.tell("make_email_index")
        lines, rows = _grow(many, large)
        marks = []
        for kind, name in KINDS.items():
            found = in_turns(_turns(many, kind, large), _turns(few, kind, SMALL), size(ROUNDS, 8))
            times = [1000 * seconds for seconds in found.medians]
            what = f"Time of {name}: {large:,} users / {SMALL:,}"
            note = f"{times[0]:.1f} ms, {times[1]:.1f} ms"
            marks.append(found.mark(what, at_most=1.2, note=note))
    return Result(
        "Many users",
        TEXT,
        marks,
        [
            Table(
                "Lookups by address",
                ("users", "", "no index, ms", "index, ms", "created in, s"),
                rows,
            )
        ],
        [
            Plot(
                "many-users",
                "The authMethods webhook, by how many users there are",
                "users",
                "ms",
                "lines",
                lines,
                log_x=True,
                log_y=True,
            )
        ],
    )


def _grow(worker: Worker, large: int) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    """Measure at every size on the way, without the index and with it, and leave it there."""
    lines: dict[str, list[tuple[float, float]]] = {"no index": [], "index": []}
    rows = []
    users = 0
    for more in (1_000, 10_000, 100_000, 1_000_000):
        if more > large:
            break
        if users:
            worker.tell("drop_email_index")
        worker.tell("grow", first=users, last=more)
        users = more
        found: dict[str, dict[str, float]] = {}
        seconds = 0.0
        for index in lines:
            if index == "index":
                seconds = worker.tell("make_email_index")
            turns = {kind: _turns(worker, kind, users) for kind in ("linking", "authMethods")}
            found[index] = {kind: 1000 * turn() for kind, turn in turns.items()}
            lines[index].append((users, found[index]["authMethods"]))
        rows += [
            (f"{users:,}", KINDS[kind], *(round(found[index][kind], 1) for index in lines),
             f"{seconds:.1f}")
            for kind in found["index"]
        ]  # fmt: skip
    return lines, rows


def _turns(worker: Worker, kind: str, users: int) -> Any:
    number = 0

    def turn() -> float:
        nonlocal number
        numbers = []
        for _person in range(BATCH):
            number += STRIDE
            numbers.append(number % users)
        return float(worker.tell("wait_for", kind=kind, numbers=numbers))

    return turn
