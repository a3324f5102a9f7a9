"""What the first sign-in of a process costs more than its second."""

from __future__ import annotations

import time
from contextlib import ExitStack
from statistics import median

from tests.benchmarks.databases import POSTGRESQL, databases
from tests.benchmarks.marks import Mark, Result, size
from tests.benchmarks.workers import a_worker
from tests.support.scripted_corbado import a_corbado

PROCESSES = 9
# Between the login page, after which the HTTP client is loaded, and the sign-in.
PAUSE = 2.0
TEXT = f"""\
A process starts, shows the login page, and {PAUSE:.0f} seconds later signs in a returning user, and
then a second one. The difference is what it loads at the first sign-in, in CPU time of the thread
that answers; the HTTP client, the cache's backend and the statement that finds the person are
loaded by another, after the first page."""


def measure() -> Result:
    """Start one process after the other on one database."""
    more = []
    with ExitStack() as stack:
        corbado = stack.enter_context(a_corbado())
        (database,) = stack.enter_context(databases(POSTGRESQL, "ours"))
        with a_worker("ours", database, corbado) as worker:
            worker.tell("fill", users=2)
        for _process in range(size(PROCESSES, 2)):
            with a_worker("ours", database, corbado) as worker:
                time.sleep(PAUSE)
                first, second = (
                    worker.tell("sign_in", kind="returning", first=each, last=each + 1)
                    for each in range(2)
                )
                more.append(1000 * (first - second))
    mark = Mark(
        "CPU of the first sign-in of a process, over that of its second",
        median(more),
        "ms more",
        at_most=5,
        note=", ".join(f"{each:.1f}" for each in more),
    )
    return Result("The first sign-in of a process", TEXT, [mark])
