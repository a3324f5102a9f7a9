"""What each way to keep sessions costs: a page, a sign-in, and a million rows."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from tests.benchmarks.databases import POSTGRESQL, databases
from tests.benchmarks.marks import Mark, Plot, Result, Table, size
from tests.benchmarks.workers import Worker, a_worker
from tests.scaling.servers import Redis
from tests.support.scripted_corbado import a_corbado

ENGINES = ("db", "cached_db", "cache")
PEOPLE = 100
BATCH = 16
ROUNDS = 30
ROWS = 1_000_000
TEXT = """\
Three sites that only differ in SESSION_ENGINE take turns, on one PostgreSQL and one Redis. The page
is an ordinary one, for someone who is signed in; the sign-in is that of a returning user. CPU is
that of the site's process; waiting for the database or for Redis is not in it, so a query or a
round trip to another host costs its network time on top.

`clearsessions` is timed over a million rows, nine in ten of them expired.
[How to keep sessions](how-to-sessions.md) says what to choose."""


def measure() -> Result:
    """Compare the three, then clear many rows."""
    with ExitStack() as stack:
        enter = stack.enter_context
        corbado = enter(a_corbado())
        redis = enter(Redis(Path(enter(tempfile.TemporaryDirectory()))))
        workers = {
            engine: enter(
                a_worker(
                    "ours",
                    database,
                    corbado,
                    WORKER_SESSIONS=f"django.contrib.sessions.backends.{engine}",
                    WORKER_REDIS=f"redis://127.0.0.1:{redis.port}/{number}",
                )
            )
            for number, (engine, database) in enumerate(
                zip(ENGINES, enter(databases(POSTGRESQL, *ENGINES)), strict=True)
            )
        }
        for worker in workers.values():
            worker.tell("fill", users=PEOPLE)
            worker.tell("rest")
        times = _in_turns(workers)
        queries = {engine: _queries(worker) for engine, worker in workers.items()}
        rows = size(ROWS, 20_000)
        seconds = workers["db"].tell("clear_sessions", rows=rows, expired=rows * 9 // 10)
    table = [
        (
            f"`{engine}`",
            len(queries[engine]["page"]),
            f"{1000 * median(times[engine]['page']):.2f}",
            len(queries[engine]["sign-in"]),
            f"{1000 * median(times[engine]['sign-in']):.2f}",
        )
        for engine in ENGINES
    ]
    marks = [
        Mark(f"SQL of an ordinary page, signed in, sessions in {engine}",
             len(queries[engine]["page"]), "queries", at_most=most, is_count=True)
        for engine, most in (("db", 2), ("cached_db", 1), ("cache", 1))
    ]  # fmt: skip
    marks.append(Mark(f"`clearsessions` over {rows:,} rows", seconds, "s"))
    bars = {
        kind: [(engine, 1000 * median(times[engine][kind])) for engine in ENGINES]
        for kind in ("page", "sign-in")
    }
    header = ("", "queries of a page", "CPU of a page, ms", "queries of a sign-in", "CPU, ms")
    return Result(
        "Sessions",
        TEXT,
        marks,
        [Table("By SESSION_ENGINE", header, table)],
        [Plot("sessions", "CPU of a page and of a sign-in", "SESSION_ENGINE", "ms", "bars", bars)],
    )


def _in_turns(workers: dict[str, Worker]) -> dict[str, dict[str, list[float]]]:
    times: dict[str, dict[str, list[float]]] = {
        engine: {"page": [], "sign-in": []} for engine in workers
    }
    cookies = {engine: worker.tell("session_of", number=0) for engine, worker in workers.items()}
    for turn in range(2 + size(ROUNDS, 4)):
        first = turn * BATCH % (PEOPLE - BATCH)
        for engine, worker in workers.items():
            page = worker.tell("page", path="/", cookies=cookies[engine], times=BATCH)
            sign_in = worker.tell("sign_in", kind="returning", first=first, last=first + BATCH)
            if turn >= 2:
                times[engine]["page"].append(page)
                times[engine]["sign-in"].append(sign_in)
    return times


def _queries(worker: Worker) -> dict[str, list[str]]:
    cookies = worker.tell("session_of", number=1)
    return {
        "page": worker.tell("statements_of_page", path="/", cookies=cookies),
        "sign-in": worker.tell("statements", kind="returning", number=2),
    }
