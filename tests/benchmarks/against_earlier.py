"""A returning sign-in beside that of an earlier build: CPU, and time on a disk that syncs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from tests.benchmarks.databases import POSTGRESQL, databases
from tests.benchmarks.earlier import EARLIER, MISSING, NOW, an_earlier_build
from tests.benchmarks.marks import Mark, Result, Table, size
from tests.benchmarks.rounds import Comparison, in_turns
from tests.benchmarks.workers import Worker, a_worker
from tests.plugins.postgresql import Server
from tests.support.scripted_corbado import a_corbado

PEOPLE, BATCH, ROUNDS = 200, 16, 40
MOST = {"CPU": 0.80, "Time, with `fsync`,": 0.65}
TITLE = "Compared with an earlier build"
TEXT = f"""\
The same site and settings, once with the app as it is now and once as of commit {EARLIER}, from a
git work tree; not measured in a clone without that commit. PostgreSQL writes every commit to the
disk before it answers (`fsync`), as it does by default. The two take turns."""


class DurableServer(Server):
    """A PostgreSQL server that waits for the disk at every commit."""

    def serve(self) -> Sequence[str]:
        """Leave durability as it is by default."""
        durable = {"fsync=off": "fsync=on", "synchronous_commit=off": "synchronous_commit=on"}
        return [durable.get(word, word) for word in super().serve()]


def measure() -> Result:
    """Compare both builds, or nothing where there is no earlier one."""
    marks: list[Mark] = []
    rows: list[tuple[str, float, float]] = []
    with ExitStack() as stack:
        enter = stack.enter_context
        earlier = enter(an_earlier_build())
        if earlier is None:
            missing = [
                Mark(_what(name), None, at_most=most, note=MISSING) for name, most in MOST.items()
            ]
            return Result(TITLE, TEXT, missing)
        corbado = enter(a_corbado())
        pair = enter(databases(POSTGRESQL, "now", "earlier", kind=DurableServer))
        workers = []
        for build, database in zip((NOW, earlier), pair, strict=True):
            worker = enter(a_worker("ours", database, corbado, **build.env))
            worker.tell("fill", users=PEOPLE)
            worker.tell("rest")
            workers.append(worker)
        for (name, most), compared in zip(MOST.items(), (_cpu, _wall), strict=True):
            found: Comparison = in_turns(
                compared(workers[0]), compared(workers[1]), size(ROUNDS, 10)
            )
            marks.append(found.mark(_what(name), at_most=most))
            now, before = (1000 * each for each in found.medians)
            rows.append((name.removesuffix(","), now, before))
    header = ("ms", "now", f"commit {EARLIER}")
    return Result(TITLE, TEXT, marks, [Table("A returning sign-in", header, rows)])


def _what(name: str) -> str:
    return f"{name} of a returning sign-in, PostgreSQL: now / commit {EARLIER}"


def _cpu(worker: Worker) -> Callable[[], float]:
    numbers = _people()

    def turn() -> float:
        first = next(numbers)
        taken = worker.tell("sign_in", kind="returning", first=first, last=first + BATCH)
        worker.tell("forget_new")
        return float(taken)

    return turn


def _wall(worker: Worker) -> Callable[[], float]:
    numbers = _people()

    def turn() -> float:
        first = next(numbers)
        people = list(range(first, first + BATCH))
        return float(worker.tell("wait_for", kind="returning", numbers=people))

    return turn


def _people() -> Iterator[int]:
    while True:
        yield from range(0, PEOPLE - BATCH, BATCH)
