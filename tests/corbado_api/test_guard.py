"""A slow or broken Corbado takes a few threads at most, and the others are answered at once."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from django.test import Client
from pytest_django import Settings

from corbado_auth.concurrency import Slots
from corbado_auth.corbado_api import guard as guard_module
from corbado_auth.corbado_api.guard import FAILURES, guard
from corbado_auth.corbado_api.service import SignInService
from corbado_auth.exceptions import CorbadoError, CorbadoUnavailable
from corbado_auth.identity import ClientInfo
from corbado_auth.sign_in import retries
from corbado_auth.testing import Corbado
from tests.support.front_door import FROM_LOGIN_PAGE, TOKEN, come_back, open_login_page
from tests.support.held_corbado import HeldCorbado, result
from tests.support.worker import ROOT

BROWSER = ClientInfo("192.0.2.7", "browser")
Visit = Callable[[], Future[Any]]


@pytest.fixture
def held(settings: Settings) -> Iterator[HeldCorbado]:
    """Return a Corbado that answers when it is told to."""
    # A call waits for room for as long as the test needs, and never for a slow call.
    with HeldCorbado() as corbado:
        settings.CORBADO_BACKEND_API_URL = corbado.url
        settings.CORBADO_TIMEOUT = 60
        yield corbado


@pytest.fixture
def visit() -> Iterator[Visit]:
    """Return what lets a visitor of their own come back from the login page with a token."""
    with ThreadPoolExecutor(20) as pool:
        yield lambda: pool.submit(_come_with_a_token)


def _come_with_a_token() -> Any:
    client = Client()
    open_login_page(client)
    return come_back(client)


def ask() -> str:
    """Ask Corbado about a token, and name what came of it."""
    try:
        SignInService().validate_auth_token(TOKEN, BROWSER)
    except CorbadoError as error:
        return type(error).__name__
    return "signed in"


def fail() -> None:
    """Make a call that Corbado does not answer."""
    with pytest.raises(CorbadoUnavailable), guard.admit(9):
        raise CorbadoUnavailable("no answer")


def patient(monkeypatch: pytest.MonkeyPatch, *, slow: float = 3600) -> None:
    """Let calls wait for room as long as a test needs, unless one is out for over ``slow``."""
    monkeypatch.setattr(guard._slots, "_patience", 3600)
    monkeypatch.setattr(guard._slots, "_slow", slow)


# How many at once --------------------------------------------------------------------------------


@pytest.mark.parametrize(("setting", "calls"), [(None, 7), (2, 2), ("3", 3)], ids=str)
def test_so_many_calls_are_out_at_once(
    held: HeldCorbado, visit: Visit, settings: Settings, setting: Any, calls: int
) -> None:
    settings.CORBADO_MAX_CONCURRENT_CALLS = setting
    inside = [visit() for _number in range(calls)]
    held.wait_for(calls)
    refused = result(visit())
    assert (refused.status_code, held.calls) == (503, calls)
    assert int(refused.headers["Retry-After"]) > 0
    held.let_go(calls)
    assert {result(visitor).status_code for visitor in inside} == {400}


def test_who_finds_no_room_keeps_token_and_intent(
    corbado: Corbado, client: Client, settings: Settings, db: None
) -> None:
    person = corbado.add_user("ada@example.com")
    token = corbado.issue_token(person)
    open_login_page(client, "/orders/")
    settings.CORBADO_MAX_CONCURRENT_CALLS = 1
    with HeldCorbado() as held, ThreadPoolExecutor(1) as pool:
        emulator, settings.CORBADO_BACKEND_API_URL = settings.CORBADO_BACKEND_API_URL, held.url
        somebody = pool.submit(ask)
        held.wait_for(1)
        refused = come_back(client, token)
        settings.CORBADO_BACKEND_API_URL = emulator
        held.let_go()
        result(somebody)
    assert (refused.status_code, [*refused.cookies]) == (503, [retries.cookie.name])
    assert come_back(client, token).url == "/orders/"


def test_0_switches_the_limit_off(held: HeldCorbado, visit: Visit, settings: Settings) -> None:
    settings.CORBADO_MAX_CONCURRENT_CALLS = 0
    visitors = [visit() for _number in range(15)]
    held.wait_for(15)
    held.let_go(15)
    assert {result(visitor).status_code for visitor in visitors} == {400}


def test_under_asgi_each_request_has_a_thread_and_256_calls_may_be_out(held: HeldCorbado) -> None:
    statuses = asyncio.run(_visits_under_asgi(held, 12))
    assert statuses == [400] * 12


async def _visits_under_asgi(held: HeldCorbado, number: int) -> list[int]:
    application = get_asgi_application()
    loop = asyncio.get_running_loop()
    visits = [asyncio.ensure_future(_visit_under_asgi(application)) for _number in range(number)]
    await loop.run_in_executor(None, held.wait_for, number)
    held.let_go(number)
    return list(await asyncio.gather(*visits))


async def _visit_under_asgi(application: Any) -> int:
    headers = {"host": "testserver", "cookie": "", **FROM_LOGIN_PAGE}
    scope = {
        "type": "http", "method": "GET", "path": "/corbado/redirect/", "http_version": "1.1",
        "query_string": f"corbadoAuthToken={TOKEN}".encode(), "client": ("192.0.2.7", 40000),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    sent: list[dict[str, Any]] = []
    is_read = False
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal is_read
        if is_read:
            await gone.wait()
        is_read = True
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    return int(sent[0]["status"])


def test_a_call_waits_for_room_that_may_come(
    held: HeldCorbado, visit: Visit, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CORBADO_MAX_CONCURRENT_CALLS = 1
    patient(monkeypatch)
    inside = visit()
    held.wait_for(1)
    outside = visit()
    held.let_go()
    held.wait_for(2)
    held.let_go()
    assert [result(inside).status_code, result(outside).status_code] == [400, 400]


def test_no_call_waits_for_room_while_another_is_slow(
    held: HeldCorbado, visit: Visit, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With so much patience a wait would never end."""
    settings.CORBADO_MAX_CONCURRENT_CALLS = 1
    patient(monkeypatch, slow=0)
    inside = visit()
    held.wait_for(1)
    assert result(visit()).status_code == 503
    held.let_go()
    result(inside)


def test_no_call_waits_for_room_after_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls that are out may be young: they will take as long as the one before."""
    slots = Slots(patience=3600, slow=-1)
    slots.take(1)
    slots.give_back()
    in_another_thread(lambda: slots.take(1))
    monkeypatch.setattr(slots, "_slow", 3600)
    slots._last_took = 3601
    assert not slots.take(1)


def test_after_one_wait_in_vain_no_call_waits_until_one_comes_back() -> None:
    slots = Slots(patience=0)
    held, done = threading.Event(), threading.Event()

    def stay() -> None:
        slots.take(1)
        held.set()
        done.wait()
        slots.give_back()

    inside = threading.Thread(target=stay)
    inside.start()
    held.wait()
    assert not slots.take(1)
    slots._patience = 3600  # A wait would have no end.
    slots._inside[inside] -= 4 * slots._patience
    assert not slots.take(1)
    done.set()
    inside.join()
    assert slots.take(1)


def test_room_goes_to_the_call_that_has_waited_longest_and_not_to_the_quickest() -> None:
    """A thread that asks again and again is back before another one has woken up."""
    slots = Slots(patience=3600)
    slots.take(1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(slots.take, 1)
        while not slots._queue:
            pass
        slots.give_back()
        slots._patience = 0
        assert not slots.take(1)
        assert result(waiting)


def test_a_call_keeps_its_room_while_others_wait() -> None:
    slots = Slots(patience=3600)
    assert slots.take(1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(slots.take, 1)
        while not slots._queue:
            pass
        assert slots.take(1)
        slots.give_back()
        assert result(waiting)


def test_an_exception_while_it_waits_leaves_no_place_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slots = Slots(patience=3600)
    in_another_thread(lambda: slots.take(1))

    class Interrupted:
        def acquire(self, **_timeout: float) -> None:
            if _timeout:
                raise KeyboardInterrupt

    monkeypatch.setattr("corbado_auth.concurrency.threading.Lock", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        slots.take(1)
    assert not slots._queue
    assert len(slots._inside) == 1


def in_another_thread(work: Callable[[], object]) -> None:
    """Let a thread do this that is alive until the test run ends."""
    done = threading.Event()

    def run() -> None:
        work()
        done.set()
        threading.Event().wait()

    threading.Thread(target=run, daemon=True).start()
    done.wait()


def test_the_log_says_once_that_there_is_no_room(
    held: HeldCorbado, visit: Visit, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "corbado_auth")
    settings.CORBADO_MAX_CONCURRENT_CALLS = 1
    inside = visit()
    held.wait_for(1)
    assert [result(visit()).status_code for _number in range(3)] == [503] * 3
    held.let_go()
    result(inside)
    ours = [record for record in caplog.records if record.name == "corbado_auth"]
    warnings = [record for record in ours if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in warnings] == [
        "As many calls wait for Corbado as CORBADO_MAX_CONCURRENT_CALLS allows a process (1): "
        "further ones are not made."
    ]
    assert len([record for record in ours if record.levelno == logging.INFO]) == 4


# Room is never lost ------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, CorbadoUnavailable])
def test_an_error_gives_room_back(settings: Settings, error: type[BaseException]) -> None:
    settings.CORBADO_MAX_CONCURRENT_CALLS = 1
    for _time in range(3):
        with pytest.raises(error), guard.admit(9):
            raise error("in the middle of a call")
    with guard.admit(9):
        pass


def test_a_thread_that_died_inside_takes_no_room() -> None:
    slots = Slots(patience=0)
    for _number in range(3):
        thread = threading.Thread(target=slots.take, args=[1])
        thread.start()
        thread.join()
    assert slots.take(1)


def test_a_thread_that_lost_track_of_its_slot_has_it_again() -> None:
    """An exception from outside (SystemExit, a soft time limit) may come right after the taking."""
    slots = Slots(patience=0)
    assert slots.take(1)
    assert slots.take(1)
    slots.give_back()
    slots.give_back()
    assert slots.take(1)


def test_a_clock_that_jumps_locks_no_one_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a site's tests move the time."""
    now = 4e9
    monkeypatch.setattr(guard_module.time, "monotonic", lambda: now)
    for _time in range(FAILURES):
        fail()
    assert ask() == "CorbadoNotAsked"
    now = 5.0
    fail()  # One is let through, and learns how Corbado is.


FORKING = """
import os, threading, django
django.setup()
from django.conf import settings
settings.CORBADO_MAX_CONCURRENT_CALLS = 1
from corbado_auth.corbado_api.guard import guard
from corbado_auth.webhooks.views import HASHING
inside = threading.Event()
def stay():
    with guard.admit(9):
        HASHING.take(1)
        inside.set()
        threading.Event().wait()
threading.Thread(target=stay, daemon=True).start()
inside.wait()
guard._slots._lock.acquire()
child = os.fork()
if not child:
    with guard.admit(9):
        os._exit(7 if HASHING.take(1) else 8)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_process_has_all_of_its_room() -> None:
    """Its parent held the lock during a call: ``gunicorn --preload``, and a thread of the site."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings.default"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 7
