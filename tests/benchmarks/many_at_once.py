"""200 people sign in at the same moment on one uvicorn, whose PostgreSQL takes 100 connections."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from tests.benchmarks.databases import POSTGRESQL, databases
from tests.benchmarks.earlier import EARLIER, MISSING, NOW, Build, an_earlier_build
from tests.benchmarks.marks import Mark, Result, Table, size
from tests.benchmarks.visitors import Reply, Visitor
from tests.benchmarks.workers import a_worker, environment
from tests.scaling.servers import AsyncWebHost
from tests.support.scripted_corbado import a_corbado

PEOPLE = 200
DELAY = 1.0
ROUNDS = 5
TEXT = f"""\
One uvicorn of one process, and a PostgreSQL with its default limit of 100 connections. {PEOPLE}
people come back from the login page at the same moment; Corbado takes {DELAY:.0f} second. First
with browsers that have no session cookie, then with a made-up one, which the site has to look up,
and then with such cookies and a pool of four connections (psycopg's).

The build of commit {EARLIER} is measured in the same rounds, from a git work tree; it is not
measured in a clone without that commit. Its time includes people who failed."""
SITES = {
    "no cookie": (False, {}),
    "a made-up session cookie": (True, {}),
    "the same, a pool of four": (True, {"pool": {"min_size": 1, "max_size": 4, "timeout": 10}}),
}


@dataclass
class Found:
    """What became of all of them."""

    seconds: float
    statuses: Counter[int]
    connections: int

    @property
    def signed_in(self) -> int:
        return self.statuses[303]


def measure() -> Result:
    """Let both builds do it in turns, for each kind of site."""
    found: dict[tuple[str, str], list[Found]] = {}
    with ExitStack() as stack:
        earlier = stack.enter_context(an_earlier_build())
        builds = [NOW, *([earlier] if earlier else [])]
        corbado = stack.enter_context(a_corbado(f"--delay={DELAY}"))
        names = [f"site{number}" for number in range(len(builds))]
        pair = stack.enter_context(databases(POSTGRESQL, *names))
        for build, database in zip(builds, pair, strict=True):
            with a_worker("ours", database, corbado, **build.env) as worker:
                worker.tell("fill", users=PEOPLE)
        for name, (has_cookie, options) in SITES.items():
            with ExitStack() as hosts:
                running = [
                    (
                        build,
                        database,
                        hosts.enter_context(_a_host(build, database, corbado, options)),
                    )
                    for build, database in zip(builds, pair, strict=True)
                ]
                for number in range(size(ROUNDS, 1)):
                    for build, database, web in running if number % 2 else reversed(running):
                        one = _round(web.port, database, has_cookie=has_cookie)
                        found.setdefault((build.name, name), []).append(one)
                        print(f"{build.name:8} {name}: {one}", flush=True)
    return Result("Many sign-ins at the same moment, on ASGI", TEXT, _marks(found), [_table(found)])


def _round(port: int, database: dict[str, Any], *, has_cookie: bool) -> Found:
    with _connect(database) as connection, _counting(connection, database["NAME"]) as peak:
        connection.execute("TRUNCATE django_session")
        began = time.monotonic()
        replies = asyncio.run(_all_at_once(port, has_cookie=has_cookie))
        seconds = time.monotonic() - began
    return Found(seconds, Counter(reply.status for reply in replies), max(peak))


async def _all_at_once(port: int, *, has_cookie: bool) -> list[Reply]:
    first = Visitor(port, 0)
    await first.open_login_page()
    visitors = []
    for number in range(PEOPLE):
        cookies = dict(first.cookies)
        if has_cookie:
            cookies["sessionid"] = f"{number:032d}"
        visitors.append(Visitor(port, number, cookies))
    return list(await asyncio.gather(*(visitor.come_back() for visitor in visitors)))


@contextmanager
def _counting(connection: psycopg.Connection[Any], name: str) -> Iterator[list[int]]:
    """Look again and again how many connections the site has."""
    peak = [0]
    over = threading.Event()
    sql = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = %s"

    def watch() -> None:
        while not over.wait(0.01):
            peak.extend(connection.execute(sql, [name]).fetchone() or ())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _connect(database: dict[str, Any]) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=database["HOST"], user="postgres", dbname=database["NAME"], autocommit=True
    )


def _marks(found: dict[tuple[str, str], list[Found]]) -> list[Mark]:
    marks = []
    for name in SITES:
        ours = found[NOW.name, name]
        marks.append(
            Mark(
                f"Signed in of {PEOPLE} at the same moment, ASGI, {name}",
                min(each.signed_in for each in ours),
                "people",
                PEOPLE,
                PEOPLE,
                is_count=True,
                note=f"at most {max(each.connections for each in ours)} connections",
            )
        )
        theirs = found.get((EARLIER, name), [])
        ratios = [a.seconds / b.seconds for a, b in zip(ours, theirs, strict=False)]
        marks.append(
            Mark(
                f"Time of these {PEOPLE}, ASGI, {name}: now / commit {EARLIER}",
                median(ratios) if ratios else None,
                at_most=1.5,
                note=", ".join(f"{ratio:.2f}" for ratio in ratios) or MISSING,
            )
        )
    return marks


def _table(found: dict[tuple[str, str], list[Found]]) -> Table:
    rows = [
        (
            f"{'now' if build == NOW.name else f'commit {build}'}, {name}",
            median(each.seconds for each in rounds),
            min(each.signed_in for each in rounds),
            max(each.statuses[503] for each in rounds),
            max(each.connections for each in rounds),
        )
        for (build, name), rounds in found.items()
    ]
    header = ("", "seconds", "signed in, at least", "503, at most", "connections, at most")
    return Table(f"{PEOPLE} at the same moment", header, rows)


@contextmanager
def _a_host(
    build: Build, database: dict[str, Any], corbado: str, options: dict[str, Any]
) -> Iterator[AsyncWebHost]:
    database = {**database, "CONN_MAX_AGE": 0, "OPTIONS": options}
    env = environment("ours", database, corbado, **build.env)
    with (
        tempfile.TemporaryDirectory() as folder,
        AsyncWebHost(Path(folder), env, code=build.folder) as web,
    ):
        yield web
