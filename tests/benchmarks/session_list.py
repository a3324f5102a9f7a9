"""What CORBADO_SESSION_LIST adds to a sign-in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from tests.benchmarks.databases import POSTGRESQL, databases
from tests.benchmarks.marks import Mark, Result, size
from tests.benchmarks.rounds import Comparison, in_turns
from tests.benchmarks.workers import Worker, a_worker
from tests.support.scripted_corbado import a_corbado

PEOPLE, BATCH, ROUNDS, PAIRS = 200, 16, 40, 3
TEXT = """\
Two sites on one PostgreSQL that only differ in CORBADO_SESSION_LIST take turns at returning
sign-ins of browsers without a session. Shown is the median of the differences in CPU time, the
database server's not included. Switched off, the list costs nothing: the statements and the CPU
time of a sign-in above are those of a site without it."""


def measure() -> Result:
    """Compare a site with the list to one without."""
    parts: list[Comparison] = []
    statements = []
    for pair in range(size(PAIRS, 1)):
        with ExitStack() as stack:
            enter = stack.enter_context
            corbado = enter(a_corbado())
            seed = {"PYTHONHASHSEED": f"{pair}"}
            on, off = (
                enter(a_worker("ours", database, corbado, WORKER_SESSION_LIST=is_on, **seed))
                for database, is_on in zip(
                    enter(databases(POSTGRESQL, "listed", "unlisted")), ("1", ""), strict=True
                )
            )
            for worker in (on, off):
                worker.tell("fill", users=PEOPLE)
                worker.tell("rest")
            parts.append(in_turns(_turns(on), _turns(off), size(ROUNDS, 6)))
            statements = [
                len(worker.tell("statements", kind="returning", number=0)) for worker in (on, off)
            ]
    found = Comparison.of_all(parts)
    with_list, without = (1e6 * each for each in found.medians)
    return Result(
        "The list of sessions",
        TEXT,
        [
            Mark(
                "SQL that the list of sessions adds to a sign-in",
                statements[0] - statements[1],
                "queries",
                at_most=1,
                is_count=True,
            ),
            Mark(
                "CPU that the list of sessions adds to a sign-in",
                1e6 * found.difference,
                "us",
                at_most=150,
                note=f"{with_list:,.0f} us, {without:,.0f} us; {len(found.ours)} rounds",
            ),
        ],
    )


def _turns(worker: Worker) -> Callable[[], float]:
    first = 0

    def turn() -> float:
        nonlocal first
        first = (first + BATCH) % (PEOPLE - BATCH)
        taken = worker.tell("sign_in", kind="returning", first=first, last=first + BATCH)
        worker.tell("forget_new")
        return float(taken)

    return turn
