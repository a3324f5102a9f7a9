"""On a real uvicorn with PostgreSQL: each request has a thread of its own, and no connection."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection as the_tests_own

from tests.benchmarks.visitors import Reply, Visitor
from tests.scaling.servers import AsyncWebHost
from tests.support.failures import GOOD
from tests.support.held_corbado import HeldCorbado
from tests.support.misbehaving_server import answer
from tests.support.worker import ROOT

pytestmark = pytest.mark.postgresql

PEOPLE = 50
NAME = "of_uvicorn"
POOL = {"pool": {"min_size": 1, "max_size": 4, "timeout": 60}}


@pytest.fixture
def corbado() -> Iterator[HeldCorbado]:
    with HeldCorbado() as held:
        held.steps = [answer(GOOD)]
        yield held


@pytest.fixture(scope="module")
def database(django_db_setup: None) -> Iterator[dict[str, Any]]:
    """Return a database of the site's own, with its tables."""
    host = the_tests_own.settings_dict["HOST"]
    own = {
        "ENGINE": "django.db.backends.postgresql", "NAME": NAME, "USER": "postgres", "HOST": host,
    }  # fmt: skip
    with psycopg.connect(host=host, user="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {NAME}")
        command = [sys.executable, "-m", "django", "migrate", "--verbosity=0"]
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, **env_of(own, "http://127.0.0.1:1")}, check=True
        )
        yield own
        server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def env_of(database: dict[str, Any], corbado: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.settings.worker",
        "WORKER_DATABASE": json.dumps(database),
        "WORKER_CORBADO": corbado,
    }


@contextmanager
def uvicorn(
    folder: Path, database: dict[str, Any], corbado: HeldCorbado, **env: str
) -> Iterator[int]:
    """Serve the site, and return the port."""
    web = AsyncWebHost(folder, {**env_of(database, corbado.url), **env})
    try:
        yield web.port
    finally:
        web.stop()


def connections_of(database: dict[str, Any]) -> int:
    """Return how many connections the site has."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(host=database["HOST"], user="postgres") as server:
        (number,) = server.execute(sql, [NAME]).fetchone() or (0,)
    return int(number)


async def all_at_once(
    port: int, corbado: HeldCorbado, database: dict[str, Any], *, is_known: bool
) -> tuple[list[Reply], list[int]]:
    """Let everyone come; return the answers, and how many connections there were meanwhile."""
    in_a_thread = asyncio.get_running_loop().run_in_executor
    first = Visitor(port, 0)
    await first.open_login_page()
    corbado.let_go()  # Who comes first is created, all others are the same person.
    assert (await first.come_back()).status == 303
    cookies = {**first.cookies, "sessionid": "made-up-" + "0" * 24} if is_known else first.cookies
    visits = [
        asyncio.create_task(Visitor(port, number, dict(cookies)).come_back())
        for number in range(PEOPLE)
    ]
    await in_a_thread(None, corbado.wait_for, PEOPLE + 1)
    counted = [await in_a_thread(None, connections_of, database)]
    corbado.let_go(PEOPLE)
    while not all(visit.done() for visit in visits):
        counted.append(await in_a_thread(None, connections_of, database))
    return [visit.result() for visit in visits], counted


@pytest.mark.parametrize("is_known", [False, True], ids=["a new session", "a made-up session"])
def test_all_are_asked_about_at_once_and_hold_no_connection(
    tmp_path: Path, database: dict[str, Any], corbado: HeldCorbado, is_known: bool
) -> None:
    with uvicorn(tmp_path, database, corbado) as port:
        replies, counted = asyncio.run(all_at_once(port, corbado, database, is_known=is_known))
    assert Counter(reply.status for reply in replies) == {303: PEOPLE}
    while_asking, *afterwards = counted
    assert while_asking == 0
    # PostgreSQL counts some that are being closed; without turns it would be one for each person.
    assert max(afterwards) < 30


def test_a_pool_of_four_is_enough_for_all(
    tmp_path: Path, database: dict[str, Any], corbado: HeldCorbado
) -> None:
    with uvicorn(tmp_path, {**database, "OPTIONS": POOL}, corbado) as port:
        replies, counted = asyncio.run(all_at_once(port, corbado, database, is_known=True))
    assert Counter(reply.status for reply in replies) == {303: PEOPLE}
    assert max(counted) <= 4


def test_other_pages_have_their_connection_meanwhile(
    tmp_path: Path, database: dict[str, Any], corbado: HeldCorbado
) -> None:
    """In a pool of one, a sign-in that held it would let nobody else in."""
    one = {"pool": {"min_size": 1, "max_size": 1, "timeout": 60}}

    async def visit(port: int) -> int:
        in_a_thread = asyncio.get_running_loop().run_in_executor
        person = Visitor(port, 0)
        await person.open_login_page()
        corbado.let_go()
        await person.come_back()
        waiting = asyncio.create_task(Visitor(port, 1, dict(person.cookies)).come_back())
        await in_a_thread(None, corbado.wait_for, 2)
        page = await person.open("/account/")
        corbado.let_go()
        await waiting
        return page.status

    with uvicorn(tmp_path, {**database, "OPTIONS": one}, corbado) as port:
        assert asyncio.run(visit(port)) == 200


def test_visitors_who_go_away_leave_their_room_to_others(
    tmp_path: Path, database: dict[str, Any], corbado: HeldCorbado
) -> None:
    """Django cancels the request of a browser that has gone; its thread goes on."""

    async def visit(port: int) -> list[int]:
        in_a_thread = asyncio.get_running_loop().run_in_executor
        first = Visitor(port, 0)
        await first.open_login_page()
        gone = [
            asyncio.create_task(Visitor(port, number, dict(first.cookies)).come_back())
            for number in range(3)
        ]
        await in_a_thread(None, corbado.wait_for, 3)
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        refused = await Visitor(port, 3, dict(first.cookies)).come_back()
        corbado.let_go(4)
        for _time in range(200):
            if (await Visitor(port, 4, dict(first.cookies)).come_back()).status == 303:
                break
            await asyncio.sleep(0.1)
        calls = corbado.calls
        others = [
            asyncio.create_task(Visitor(port, number, dict(first.cookies)).come_back())
            for number in range(5, 8)
        ]
        await in_a_thread(None, corbado.wait_for, calls + 3)
        corbado.let_go(3)
        return [refused.status, *(reply.status for reply in await asyncio.gather(*others))]

    with uvicorn(tmp_path, database, corbado, WORKER_CALLS="3") as port:
        assert asyncio.run(visit(port)) == [503, 303, 303, 303]
