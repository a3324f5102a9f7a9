"""After a run of failures Corbado is not asked for a while."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from corbado_auth.corbado_api import guard as guard_module
from corbado_auth.corbado_api.guard import FAILURES, guard
from corbado_auth.exceptions import CorbadoNotAsked
from corbado_auth.testing import Corbado
from tests.corbado_api import test_guard
from tests.corbado_api.test_guard import Visit, ask, fail
from tests.support.held_corbado import HeldCorbado, result
from tests.support.misbehaving_server import CLOSE, MisbehavingServer, always, answer
from tests.wire import sample

# Fixtures.
held = test_guard.held
visit = test_guard.visit


FAILING = {
    "no answer": [CLOSE],
    "500": [answer(b"", 500)],
    "503": [answer(b"", 503)],
    "504": [answer(sample("validate_good").answer, 504)],
}
ANSWERING = {
    "a bad header": [answer({"httpStatusCode": 400, "error": {"type": "validation_error"}}, 400)],
    "an unknown token": [answer(sample("validate_unknown_token").answer, 404)],
    "a wrong secret": [answer(b"", 401)],
    "too many calls": [answer(b"", 429, retry_after="9")],
    "a user who cannot be read": [answer({"data": {"user": 7}})],
}


@pytest.mark.parametrize("steps", FAILING.values(), ids=FAILING)
def test_after_a_run_of_failures_corbado_is_not_asked(
    settings: Settings, steps: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with MisbehavingServer(always(*steps)) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        asked = [ask() for _time in range(FAILURES + 3)]
        calls = len(server.requests)
    assert asked == ["CorbadoUnavailable"] * FAILURES + ["CorbadoNotAsked"] * 3
    assert calls in {FAILURES, 2 * FAILURES}  # A lost connection is tried twice.
    assert f"Corbado failed {FAILURES} times in a row: no calls for 3 s" in caplog.text


def test_a_log_handler_that_takes_its_time_keeps_nobody_waiting(settings: Settings) -> None:
    answered = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if getattr(record, "reason", "") == "breaker_open":
                answered.append(result(pool.submit(ask)))

    handler = Handler()
    settings.CORBADO_BACKEND_API_URL = "http://127.0.0.1:9"
    logging.getLogger("corbado_auth").addHandler(handler)
    try:
        with ThreadPoolExecutor(1) as pool:
            for _time in range(FAILURES):
                fail()
    finally:
        logging.getLogger("corbado_auth").removeHandler(handler)
    assert answered == ["CorbadoNotAsked"]


@pytest.mark.parametrize("steps", ANSWERING.values(), ids=ANSWERING)
def test_what_corbado_answers_is_no_failure_of_its_own(
    settings: Settings, steps: list[Any]
) -> None:
    """Otherwise, one visitor with a bad header could keep everyone out."""
    with MisbehavingServer(always(*steps)) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        asked = {ask() for _time in range(3 * FAILURES)}
        assert len(server.requests) == 3 * FAILURES
    assert "CorbadoNotAsked" not in asked


def test_a_good_answer_ends_the_run() -> None:
    for _time in range(3):
        for _failure in range(FAILURES - 1):
            fail()
        with guard.admit(9) as call:
            call.has_answered = True
    with guard.admit(9):
        pass


def test_what_was_asked_before_the_last_good_answer_counts_no_more() -> None:
    """Those that hung until Corbado was back."""
    before = [guard._breaker_of("").begin(9) for _number in range(FAILURES)]
    with guard.admit(9) as call:
        call.has_answered = True
    for old in before:
        old.has_failed = True
        guard._breaker_of("").end(old)
    with guard.admit(9):
        pass


@pytest.fixture
def failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Corbado have failed, and the pause be over."""
    for _time in range(FAILURES):
        fail()
    monkeypatch.setattr(guard_module, "PAUSE", 0)


def test_after_the_pause_one_call_tries(
    failed: None, held: HeldCorbado, visit: Visit, settings: Settings
) -> None:
    trial = visit()
    held.wait_for(1)
    assert [result(visit()).status_code for _number in range(4)] == [503] * 4
    assert held.calls == 1
    held.let_go()
    assert result(trial).status_code == 400
    others = [visit() for _number in range(4)]
    held.wait_for(5)
    held.let_go(4)
    assert {result(visitor).status_code for visitor in others} == {400}


def test_a_trial_that_fails_begins_another_pause(
    failed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail()
    monkeypatch.setattr(guard_module, "PAUSE", 3600)
    assert ask() == "CorbadoNotAsked"


@pytest.mark.parametrize("error", [ValueError, SystemExit], ids=["error", "exit"])
def test_a_trial_that_ends_without_an_answer_leaves_the_next_one_to_try(
    failed: None, error: type[BaseException]
) -> None:
    for _time in range(3):
        with pytest.raises(error), guard.admit(9):
            raise error("in the middle of a call")
    with guard.admit(9) as call:
        call.has_answered = True
    with guard.admit(9):
        pass


def test_a_lost_trial_does_not_keep_others_from_trying(failed: None) -> None:
    """Name resolution may hang for longer than any deadline."""
    guard._breaker_of("").begin(9)
    with pytest.raises(CorbadoNotAsked):
        guard._breaker_of("").begin(9)
    guard._breaker_of("").begin(0)


# Exempt calls -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_command_asks_whatever_failed_before(corbado: Corbado) -> None:
    corbado.add_user("ada@example.com")
    for _time in range(FAILURES):
        fail()
    out = StringIO()
    call_command("corbado_compare", stdout=out)
    assert out.getvalue()
    assert ask() == "CorbadoNotAsked"
