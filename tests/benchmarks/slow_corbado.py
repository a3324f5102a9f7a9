"""A page of the site while Corbado is slow or hangs and people sign in, beside an earlier build."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import requests

from tests.benchmarks.databases import POSTGRESQL, databases
from tests.benchmarks.earlier import EARLIER, NOW, Build, an_earlier_build
from tests.benchmarks.marks import Mark, Result, Table, size
from tests.benchmarks.visitors import PROBES_A_SECOND, Probes, Visitor, keep_signing_in
from tests.benchmarks.workers import a_worker, environment
from tests.scaling.servers import WebHost
from tests.support.scripted_corbado import a_corbado

PROCESSES, THREADS = 2, 8
VISITORS = 50
IDLE_SECONDS, BUSY_SECONDS = 6, 15
ROUNDS = 5
SLOW, NEVER = 2.0, 1e6
PAGE = "/"
TEXT = f"""\
A gunicorn with {PROCESSES} processes of {THREADS} threads, with default settings. A page that
needs neither Corbado nor the database is requested {PROBES_A_SECOND} times a second, whatever
happens to the earlier requests: first while nobody signs in, then while {VISITORS} visitors do,
all of them from the first moment, with Corbado at {SLOW:.0f} seconds, and after a pause with one
that takes connections and never answers. Each visitor waits as long as the 503 page says and tries
again, as the page does by itself; each one who is signed in is followed by another. The figure is
p95 over the p95 of the idle site just before; shown is the median of the rounds. Then Corbado is
back, and one visitor comes: how long does it take until they are signed in, without doing
anything?

The build of commit {EARLIER} is measured in the same way once, from a git work tree, if the
clone has that commit."""


@dataclass
class Found:
    """What one round found of one build."""

    idle: float
    slow: float
    idle_again: float
    hanging: float
    recovery: float
    signed_in: int
    refused: int


def measure() -> Result:
    """Let both builds go through it in turns."""
    found: dict[str, list[Found]] = {}
    with ExitStack() as stack:
        earlier = stack.enter_context(an_earlier_build())
        builds = [NOW, *([earlier] if earlier else [])]
        corbado = stack.enter_context(a_corbado())
        pair = stack.enter_context(databases(POSTGRESQL, *(f"site{n}" for n in range(len(builds)))))
        hosts = [
            (build, stack.enter_context(a_host(build, database, corbado)))
            for build, database in zip(builds, pair, strict=True)
        ]
        for number in range(size(ROUNDS, 1)):
            # Once is enough to see what the earlier build does.
            for build, web in hosts[:1] if number else hosts:
                one = asyncio.run(_round(web.port, corbado))
                found.setdefault(build.name, []).append(one)
                print(f"{build.name:8} {one}", flush=True)
    return Result("While Corbado is slow or gone", TEXT, _marks(found), [_table(found)])


async def _round(port: int, corbado: str) -> Found:
    _delay(corbado, 0.05)
    visitor = Visitor(port, 0)
    await visitor.open_login_page()
    intent = dict(visitor.cookies)
    idle = await _idle(port)
    slow, signed_in, statuses = await _busy(port, corbado, SLOW, intent)
    await _settle(port, corbado)
    idle_again = await _idle(port)
    hanging, _none, more = await _busy(port, corbado, NEVER, intent)
    _delay(corbado, 0.05)
    began = time.monotonic()
    back, _statuses = await Visitor(port, 1, dict(intent)).sign_in(until=began + 60)
    recovery = time.monotonic() - began if back else float("inf")
    await _settle(port, corbado)
    return Found(
        idle, slow.p95, idle_again, hanging.p95, recovery, signed_in, (statuses + more)[503]
    )


async def _idle(port: int) -> float:
    probes = Probes()
    await probes.watch(port, PAGE, size(IDLE_SECONDS, 2))
    return probes.p95


async def _busy(
    port: int, corbado: str, delay: float, intent: dict[str, str]
) -> tuple[Probes, int, Counter[int]]:
    _delay(corbado, delay)
    seconds = size(BUSY_SECONDS, 6)
    probes = Probes()
    until = time.monotonic() + seconds
    visits = asyncio.create_task(keep_signing_in(port, range(2, 2 + VISITORS), until, intent))
    await probes.watch(port, PAGE, seconds)
    signed_in, statuses = await visits
    return probes, signed_in, statuses


async def _settle(port: int, corbado: str) -> None:
    """Wait until Corbado is asked again, and answers everyone at once."""
    _delay(corbado, 0.0)
    for _time in range(60):
        if (await Visitor(port, 1).come_back()).status == 303:
            return
        await asyncio.sleep(1)


def _delay(corbado: str, seconds: float) -> None:
    requests.get(f"{corbado}/delay?seconds={seconds}", timeout=10).raise_for_status()


def _marks(found: dict[str, list[Found]]) -> list[Mark]:
    marks = []
    for build, rounds in found.items():
        bound = 3.0 if build == NOW.name else None
        whose = "" if build == NOW.name else f", commit {build}"
        for name, values in (
            (f"Corbado at {SLOW:.0f} s", [each.slow / each.idle for each in rounds]),
            ("Corbado hangs", [each.hanging / each.idle_again for each in rounds]),
        ):
            marks.append(
                Mark(
                    f"p95 of a page, {name}, {VISITORS} visitors sign in: over its idle p95{whose}",
                    median(values),
                    "",
                    at_most=bound,
                    note=", ".join(f"{value:.1f}" for value in values),
                )
            )
        if bound:
            marks.append(
                Mark(
                    "Seconds from Corbado's return until the next visitor is in",
                    max(each.recovery for each in rounds),
                    "s",
                    at_most=15,
                    note="the page tries again by itself",
                )
            )
    return marks


def _table(found: dict[str, list[Found]]) -> Table:
    rows = [
        (
            "now" if build == NOW.name else f"commit {build}",
            *(
                1000 * median(getattr(each, name) for each in rounds)
                for name in ("idle", "slow", "hanging")
            ),
            median(each.recovery for each in rounds),
            median(each.signed_in for each in rounds),
        )
        for build, rounds in found.items()
    ]
    header = (
        "", "idle", f"Corbado at {SLOW:.0f} s", "Corbado hangs", "Corbado is back: in after, s",
        f"signed in at {SLOW:.0f} s",
    )  # fmt: skip
    return Table("p95 of a page, ms", header, rows)


@contextmanager
def a_host(build: Build, database: dict[str, Any], corbado: str) -> Iterator[WebHost]:
    """Serve the site of one build, with its own tables and people."""
    with a_worker("ours", database, corbado, **build.env) as worker:
        worker.tell("fill", users=VISITORS + 2)
    env = environment("ours", database, corbado, **build.env)
    with (
        tempfile.TemporaryDirectory() as folder,
        WebHost(Path(folder), env, workers=PROCESSES, threads=THREADS) as web,
    ):
        yield web
