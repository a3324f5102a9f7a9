"""How many sign-ins a second two gunicorn processes with eight threads each do, beside bare."""

from __future__ import annotations

import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from tests.benchmarks.cpu import child_with, seconds_of
from tests.benchmarks.databases import POSTGRESQL, databases
from tests.benchmarks.load import send
from tests.benchmarks.marks import Mark, Result, Table, size
from tests.benchmarks.rounds import Comparison, in_turns
from tests.benchmarks.server import get
from tests.benchmarks.workers import Site, a_worker, environment
from tests.scaling.servers import WebHost
from tests.support.scripted_corbado import a_corbado, token_of

PROCESSES, THREADS = 2, 8
PEOPLE = 400
# More than there are threads, so that none is idle.
AT_ONCE = 24
BATCH = 200
ROUNDS = 20
# Seconds that Corbado takes, and our sign-ins a second over bare, at least.
DELAYS = {0.0: 1.15, 0.05: 1.0}
TEXT = """\
Two gunicorns, ours and bare, each with {processes} processes of {threads} threads, on one
PostgreSQL (a database each) and one stand-in for Corbado, which answers at once or after 50 ms.
One is asked at a time, taking turns of {batch} sign-ins of returning users, {at_once} under way at
once, each over a connection of its own, as nginx does it.

**What limits it.** Web servers, PostgreSQL, the stand-in and the load generator share the {cores}
cores of the machine, as they do on a single machine, and all of them are busy: the figure is how
much CPU a sign-in takes in all, and the table says whose. At 50 ms the {all} threads allow
{bound:.0f} sign-ins a second at most, whatever the CPU. Where the web servers have their cores to
themselves (the last two rows), only their own work counts. Every query counts twice: a thread that
waits for a database gives the interpreter to the others and has to get it back from them."""


def measure() -> Result:
    """Compare at both delays, and once more with the web servers apart."""
    cores = sorted(os.sched_getaffinity(0))
    marks: list[Mark] = []
    rows: list[tuple[str | float, ...]] = []
    for delay, least in DELAYS.items():
        milliseconds = f"Corbado at {delay * 1000:.0f} ms"
        found = _compare(delay, cores, cores, milliseconds, rows)
        what = f"sign-ins per second, {milliseconds}: ours / bare"
        marks.append(found.mark(what, at_least=least))
    if len(cores) > 1:
        half = min(len(cores) // 2, PROCESSES)
        found = _compare(0.0, cores[:half], cores[half:], "web servers apart", rows)
        what = f"sign-ins per second, the web servers apart (cores: {half}): ours / bare"
        marks.append(found.mark(what))
    text = TEXT.format(
        processes=PROCESSES, threads=THREADS, batch=BATCH, at_once=AT_ONCE, all=PROCESSES * THREADS,
        bound=PROCESSES * THREADS / max(DELAYS), cores=len(cores),
    )  # fmt: skip
    header = (
        "",
        "sign-ins/s",
        "CPU of the web servers, ms",
        "of PostgreSQL, ms",
        "of all else, ms",
    )
    return Result(
        "Sign-ins per second", text, marks, [Table("Medians; CPU is per sign-in", header, rows)]
    )


def _compare(
    delay: float,
    web: Sequence[int],
    others: Sequence[int],
    name: str,
    rows: list[tuple[str | float, ...]],
) -> Comparison:
    """Compare with the web servers on these cores, and add a row for each site."""
    here = os.sched_getaffinity(0)
    os.sched_setaffinity(0, others)  # What is started from here on inherits it.
    try:
        with ExitStack() as stack:
            corbado = stack.enter_context(a_corbado(f"--delay={delay}"))
            pair = stack.enter_context(databases(POSTGRESQL, "ours", "bare"))
            sites: tuple[Site, Site] = ("ours", "bare")
            ours, bare = (
                stack.enter_context(_a_host(site, database, corbado, web))
                for site, database in zip(sites, pair, strict=True)
            )
            found = in_turns(ours.turn, bare.turn, size(ROUNDS, 3), warm_up=size(4, 1))
    finally:
        os.sched_setaffinity(0, here)
    for site, host, rates in zip(sites, (ours, bare), (found.ours, found.theirs), strict=True):
        rows.append((f"{site}, {name}", median(rates), *map(median, zip(*host.cpu, strict=True))))
    return found


class Host:
    """One site behind its gunicorn, and what its sign-ins cost."""

    def __init__(self, site: Site, web: WebHost, database: dict[str, Any]) -> None:
        self._site, self._web, self._database = site, web, database
        self._stand_in = child_with("tests.support.scripted_corbado")
        self._intent = "" if site == "bare" else self._open_login_page()
        self._first = 0
        self.cpu: list[tuple[float, float, float]] = []

    def turn(self) -> float:
        """Sign in this many people, and return how many that is per second."""
        self._forget_sessions()
        count = size(BATCH, 40)
        numbers = [(self._first + number) % PEOPLE for number in range(count)]
        self._first += count
        before = self._cpu()
        seconds = send(
            self._web.port, map(self._request, numbers), at_once=AT_ONCE, expect=b"sessionid="
        )
        spent = [after - earlier for after, earlier in zip(self._cpu(), before, strict=True)]
        web, postgresql, rest = (1000 * part / count for part in spent)
        self.cpu.append((web, postgresql, rest))
        return count / seconds

    def _request(self, number: int) -> bytes:
        token = token_of(str(number))
        if self._site == "bare":
            return get(f"/returning/?corbadoAuthToken={token}", Connection="close")
        return get(
            f"/corbado/redirect/?corbadoAuthToken={token}", cookies=self._intent,
            Referer="https://www.example.com/corbado/login/", Connection="close",
        )  # fmt: skip

    def _open_login_page(self) -> str:
        with socket.create_connection(("127.0.0.1", self._web.port)) as connection:
            connection.sendall(get("/corbado/login/", Connection="close"))
            answers = list(iter(lambda: connection.recv(65536), b""))
        found = re.search(
            rb"Set-Cookie: ([^=]*corbado_auth_intent_[0-9a-f]+=[^;]+)", b"".join(answers)
        )
        assert found is not None, b"".join(answers)[:400]
        return found.group(1).decode()

    def _forget_sessions(self) -> None:
        with psycopg.connect(
            host=self._database["HOST"], user="postgres", dbname=self._database["NAME"]
        ) as connection:
            connection.execute("TRUNCATE django_session")

    def _cpu(self) -> tuple[float, float, float]:
        """Return what web servers, PostgreSQL, and stand-in and load generator have used so far."""
        postmaster = Path(self._database["HOST"], "data", "postmaster.pid").read_text().split()[0]
        return (
            seconds_of(self._web.process.pid),
            seconds_of(int(postmaster)),
            seconds_of(self._stand_in) + time.process_time(),
        )


@contextmanager
def _a_host(
    site: Site, database: dict[str, Any], corbado: str, cores: Sequence[int]
) -> Iterator[Host]:
    """Make the tables and the people, and serve the site on these cores."""
    with a_worker(site, database, corbado) as worker:
        worker.tell("fill", users=PEOPLE)
    env = environment(site, database, corbado)
    with tempfile.TemporaryDirectory() as folder:
        here = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
        try:
            web = WebHost(Path(folder), env, workers=PROCESSES, threads=THREADS)
        finally:
            os.sched_setaffinity(0, here)
        with web:
            yield Host(site, web, database)
