"""What a sign-in costs: CPU over bare, and SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.benchmarks.databases import POSTGRESQL, SQLITE, databases
from tests.benchmarks.marks import Mark, Plot, Result, Table, size
from tests.benchmarks.rounds import Comparison, in_turns
from tests.benchmarks.workers import Worker, a_worker
from tests.support.scripted_corbado import a_corbado

# Ours over bare in CPU, and our queries, at most.
KINDS = {
    "returning": (0.85, 4),
    "linking": (0.95, 5),
    "creating": (0.95, 6),
    "connect": (0.95, 6),
}
ENGINES = {POSTGRESQL: "PostgreSQL", SQLITE: "SQLite"}
PEOPLE = 400
# Sign-ins a turn: enough for a median, short enough for both halves of a round to meet one load.
BATCH = 16
ROUNDS = 25
# How often both processes are restarted: where a process happens to lie in memory, and which
# hashes its strings have, makes it a few hundredths faster or slower for as long as it lives.
PAIRS = 3
TEXT = """\
Each site is a process of its own, as `startproject` makes it, with its own database on one server
and sessions in the database; the stand-in for Corbado is a third. A browser without a session
cookie comes back from the login page; gunicorn's own worker reads the request, calls Django and
writes the answer. What counts is the CPU time of that process, without the database server and the
stand-in. On SQLite the database works inside the process and is part of both figures. Both
processes are restarted {pairs} times.

Ours does more than bare: it removes the token from the request, proves that this browser asked,
counts failed attempts, bounds the call in time and size, checks what Corbado says, keeps a failure
halfway from costing anyone their session, and counts the sign-in on the account. It needs fewer
queries all the same, since a new session is written once. Everyone has one address, and it is
confirmed; an unconfirmed one costs a new person one query more. "connect" is a sign-in by Corbado
Connect: our script's POST, compared with a POST to a view written by hand, which decodes the
token, has Corbado verify it and signs in."""


def measure() -> Result:
    """Compare the sign-ins on both databases."""
    marks: list[Mark] = []
    costs = []
    statements = []
    bars: dict[str, list[tuple[float | str, float]]] = {"ours": [], "bare": []}
    for engine, name in ENGINES.items():
        parts: dict[str, list[Comparison]] = {kind: [] for kind in KINDS}
        counted: list[Mark] = []
        for pair in range(size(PAIRS, 1)):
            with _two_sites(engine, pair) as (ours, bare):
                for kind in KINDS:
                    parts[kind].append(_compare(kind, ours, bare))
                counted = counted or _count(name, ours, bare, statements)
        for kind, (most, _queries) in KINDS.items():
            found = Comparison.of_all(parts[kind])
            what = f"CPU of a sign-in, {kind}, {name}: ours / bare"
            marks.append(found.mark(what, at_most=most))
            ms = [1000 * each for each in found.medians]
            bars["ours"].append((f"{kind},\n{name}", ms[0]))
            bars["bare"].append((f"{kind},\n{name}", ms[1]))
            costs.append((f"{kind}, {name}", *ms, f"{found.ratio:.2f}"))
        marks += counted
    return Result(
        "A sign-in",
        TEXT.format(pairs=PAIRS),
        marks,
        [
            Table("CPU of one sign-in", ("", "ours, ms", "bare, ms", "ratio"), costs),
            Table("The SQL of one sign-in", ("", "ours", "bare"), statements),
        ],
        [Plot("sign-in", "CPU of one sign-in", "sign-in and database", "ms", "bars", bars)],
    )


@contextmanager
def _two_sites(engine: str, pair: int) -> Iterator[tuple[Worker, Worker]]:
    """Start both sites, with a database each in which all people are known."""
    with ExitStack() as stack:
        enter = stack.enter_context
        corbado = enter(a_corbado())
        ours_database, bare_database = enter(databases(engine, "ours", "bare"))
        seed = {"PYTHONHASHSEED": f"{pair}"}
        ours = enter(a_worker("ours", ours_database, corbado, **seed))
        bare = enter(a_worker("bare", bare_database, corbado, **seed))
        for worker in (ours, bare):
            worker.tell("fill", users=PEOPLE)
        yield ours, bare


def _compare(kind: str, ours: Worker, bare: Worker) -> Comparison:
    def turns(worker: Worker) -> Any:
        first = 0

        def turn() -> float:
            nonlocal first
            first = (first + BATCH) % PEOPLE
            people = {"first": first, "last": first + BATCH}
            if kind == "linking":
                worker.tell("unlink", **people)
            taken = worker.tell("sign_in", kind=kind, **people)
            worker.tell("forget_new")
            return float(taken)

        return turn

    for worker in (ours, bare):
        worker.tell("rest")
    return in_turns(turns(ours), turns(bare), size(ROUNDS, 6))


def _count(name: str, ours: Worker, bare: Worker, rows: list[tuple[str, str, str]]) -> list[Mark]:
    marks = []
    for kind, (_ratio, most) in KINDS.items():
        for worker in (ours, bare):
            worker.tell("forget_new")
            worker.tell("unlink", first=0, last=1)
            if kind in {"returning", "connect"}:
                worker.tell("link", first=0, last=1)
        sql = [worker.tell("statements", kind=kind, number=0) for worker in (ours, bare)]
        rows.append((f"{kind}, {name}", *("; ".join(map(_short, found)) for found in sql)))
        marks.append(
            Mark(
                f"SQL of a sign-in, {kind}, {name}",
                len(sql[0]),
                "queries",
                at_most=most,
                is_count=True,
                note=f"bare: {len(sql[1])}",
            )
        )
    waiting = ours.tell("waiting_for", number=1)
    for page, path, cookies in (
        ("the login page", "/corbado/login/", ""),
        ("the confirm page", "/corbado/confirm/", waiting),
    ):
        sql = ours.tell("statements_of_page", path=path, cookies=cookies)
        marks.append(Mark(f"SQL of {page}, {name}", len(sql), "queries", at_most=0, is_count=True))
    pages = [
        worker.tell("statements_of_page", path="/", cookies=worker.tell("session_of", number=2))
        for worker in (ours, bare)
    ]
    marks.append(
        Mark(
            f"SQL of an ordinary page, signed in, {name}",
            len(pages[0]),
            "queries",
            at_most=len(pages[1]),
            is_count=True,
            note="the mark is what Django alone needs",
        )
    )
    return marks


def _short(sql: str) -> str:
    """Name the verb and the table."""
    words = sql.replace('"', "").split()
    after = {"SELECT": "FROM", "INSERT": "INTO", "DELETE": "FROM", "UPDATE": "UPDATE"}[words[0]]
    return f"{words[0]} {words[words.index(after) + 1]}"
