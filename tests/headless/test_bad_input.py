"""Whatever is wrong with a call, the answer is a code and a sentence, and nothing is written."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client, override_settings

from corbado_auth import switch
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.api_client import ELSEWHERE, PREFIX, ApiClient, description

ADA = "ada@example.com"
FINISH, CONFIRM = "/sign-in/finish/", "/sign-in/confirm/"
TOKEN = "x" * 64
VALIDATE = "/v1/authTokens/validate"

pytestmark = pytest.mark.django_db


def used_state(page: ApiClient) -> Any:
    state = page.begin()
    assert page.finish(page.corbado.add_user(ADA), state=state).status_code == 409
    return page.finish(page.corbado.add_user("b@example.com"), state=state)


def used_token(page: ApiClient) -> Any:
    token = page.corbado.issue_token(page.corbado.add_user(ADA))
    first, second = ({"state": page.begin(), "authToken": token} for _ in range(2))
    assert page.post(FINISH, first).status_code == 409
    return page.post(FINISH, second)


def states_of_another_origin(page: ApiClient) -> Any:
    return page.finish(
        page.corbado.add_user(ADA), state=ApiClient(page.corbado, origin="").begin(ADA)
    )


def pending_of_another_origin(page: ApiClient) -> Any:
    app = ApiClient(page.corbado, origin="")
    return page.confirm(app.finish(app.corbado.add_user(ADA)))


def of_another_project(page: ApiClient) -> Any:
    asked = page.finish(page.corbado.add_user(ADA))
    with override_settings(CORBADO_PROJECT_ID="pro-2"):
        return page.confirm(asked)


def finish(page: ApiClient, **body: Any) -> Any:
    return page.post(FINISH, {"state": page.begin(), "authToken": TOKEN} | body)


def corbado_fails(page: ApiClient, **failure: Any) -> Any:
    page.corbado.fail_next(VALIDATE, **failure)
    return finish(page)


def too_many(page: ApiClient) -> Any:
    for _ in range(300):
        answer = finish(page)
        if answer.status_code != 401:
            break
    return answer


CASES: dict[str, tuple[Callable[[ApiClient], Any], int, str]] = {
    "not JSON": (lambda page: page.post("/sign-in/", "{"), 400, "not_json"),
    "a list": (lambda page: page.post("/sign-in/", "[1]"), 400, "not_json"),
    "no UTF-8": (lambda page: page.post("/sign-in/", b"\xff\xfe"), 400, "not_json"),
    "nested": (lambda page: page.post("/sign-in/", "[" * 5000), 400, "not_json"),
    "a form": (
        lambda page: page.post(FINISH, "a=1", content_type="application/x-www-form-urlencoded"),
        415,
        "not_json",
    ),
    "text": (lambda page: page.post(FINISH, "{}", content_type="text/plain"), 415, "not_json"),
    "too large": (lambda page: page.post(FINISH, {"a": "x" * 17_000}), 413, "too_large"),
    "an address of another type": (
        lambda page: page.post("/sign-in/", {"email": ["a@example.com"]}),
        400,
        "invalid_field",
    ),
    "no address": (lambda page: page.post("/sign-in/", {"email": "ada"}), 400, "invalid_field"),
    "a long address": (
        lambda page: page.post("/sign-in/", {"email": "a" * 250 + "@b.de"}),
        400,
        "invalid_field",
    ),
    "no state": (lambda page: page.post(FINISH, {"authToken": TOKEN}), 400, "invalid_state"),
    "a state of another type": (lambda page: finish(page, state=[1]), 400, "invalid_state"),
    "a made-up state": (lambda page: finish(page, state="a:b:c"), 400, "invalid_state"),
    "a state of another origin": (states_of_another_origin, 400, "invalid_state"),
    "a state that was used": (used_state, 400, "state_used"),
    "no token": (
        lambda page: page.post(FINISH, {"state": page.begin()}),
        400,
        "invalid_field",
    ),
    "a token of another type": (lambda page: finish(page, authToken=1), 400, "invalid_field"),
    "a malformed token": (lambda page: finish(page, authToken="x" * 65), 400, "malformed_token"),
    "an unknown token": (lambda page: finish(page), 401, "invalid_auth_token"),
    "a token that was used": (used_token, 401, "invalid_auth_token"),
    "another mode": (lambda page: finish(page, mode="cookie"), 400, "invalid_field"),
    "a token without tokens": (lambda page: finish(page, mode="token"), 400, "no_tokens"),
    "Connect without Connect": (
        lambda page: finish(page, signedPasskeyData="a.b.c"),
        400,
        "not_offered",
    ),
    "too many attempts": (too_many, 429, "too_many_attempts"),
    "no pending": (lambda page: page.post(CONFIRM), 400, "invalid_field"),
    "a made-up pending": (
        lambda page: page.post(CONFIRM, {"pending": "a:b:c"}),
        400,
        "invalid_pending",
    ),
    "a state as pending": (
        lambda page: page.post(CONFIRM, {"pending": page.begin()}),
        400,
        "invalid_pending",
    ),
    "a pending of another origin": (pending_of_another_origin, 400, "invalid_pending"),
    "a pending of another project": (of_another_project, 400, "invalid_pending"),
    "a refresh token of another type": (
        lambda page: page.post("/sign-out/", {"refresh": 1}),
        400,
        "invalid_field",
    ),
    "a refresh token with half a character": (
        lambda page: page.post("/sign-out/", {"refresh": "\ud800"}),
        400,
        "invalid_field",
    ),
    "an address with NUL": (
        lambda page: page.post("/sign-in/", {"email": "a\x00@example.com"}),
        400,
        "invalid_field",
    ),
    "Corbado is down": (lambda page: corbado_fails(page, status=500), 503, "unavailable"),
    "Corbado talks nonsense": (
        lambda page: corbado_fails(page, body="garbage"),
        503,
        "unavailable",
    ),
    "our secret is wrong": (lambda page: corbado_fails(page, status=401), 500, "misconfigured"),
    "passkeys of nobody": (lambda page: page.get("/passkeys/"), 401, "not_signed_in"),
    "a passkey for nobody": (lambda page: page.post("/passkeys/"), 401, "not_signed_in"),
    "nobody removes one": (
        lambda page: page.delete("/passkeys/cre-1/"),
        401,
        "not_signed_in",
    ),
    "a connect token without Connect": (
        lambda page: page.post("/passkeys/connect-token/", {"type": "passkey-list"}),
        404,
        "not_offered",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_code_a_sentence_and_nothing_written(
    page: ApiClient, caplog: pytest.LogCaptureFixture, settings: Any, case: str
) -> None:
    caplog.set_level(logging.INFO, logger="corbado_auth")
    settings.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = 5
    act, status, code = CASES[case]
    answer = act(page)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json()["message"].endswith(".")
    assert any(f"refused ({code})" in record.getMessage() for record in caplog.records)
    assert not any(record.exc_info for record in caplog.records if record.name == "corbado_auth")
    assert (status in {429, 503}) == ("Retry-After" in answer)
    assert page.who() is None
    assert not Session.objects.exists()
    assert not CorbadoAccount.objects.exists()
    assert not get_user_model().objects.exists()


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/session/", "GET, HEAD"),
        ("/sign-in/", "POST"),
        ("/sign-out/", "POST"),
        ("/passkeys/", "GET, POST, HEAD"),
        ("/passkeys/cre-1/", "PATCH, DELETE"),
    ],
)
def test_another_method_is_told_which_there_are(path: str, allowed: str) -> None:
    answer = Client().put(PREFIX + path, "{}", content_type="application/json")
    assert (answer.status_code, answer["Allow"]) == (405, f"{allowed}, OPTIONS")
    assert not description().problems_of_error(answer.json())


def test_an_outage_uses_nothing_up(page: ApiClient, corbado: Corbado) -> None:
    body = {
        "state": page.begin(ADA),
        "authToken": corbado.issue_token(corbado.add_user(ADA)),
    }
    corbado.fail_next(VALIDATE, status=500)
    assert page.post(FINISH, body).status_code == 503
    assert page.post(FINISH, body).status_code == 200


def test_a_pending_result_is_good_once(page: ApiClient, corbado: Corbado) -> None:
    asked = page.finish(corbado.add_user(ADA))
    assert page.confirm(asked).status_code == 200
    again = ApiClient(corbado)
    assert (again.confirm(asked).status_code, again.who()) == (400, None)


def test_without_a_cache_it_is_good_once_as_well(
    page: ApiClient, corbado: Corbado, settings: Any
) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    asked = page.finish(corbado.add_user(ADA))
    assert page.confirm(asked).status_code == 200
    again = ApiClient(corbado)
    assert (again.confirm(asked).status_code, again.who()) == (400, None)


def test_of_two_calls_at_once_one_uses_the_state_up(
    page: ApiClient, corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second was admitted before the first had its answer."""
    state = page.begin(ADA)
    monkeypatch.setattr(cache, "get", lambda *_arguments: None)
    assert page.finish(corbado.add_user(ADA), state=state).status_code == 200
    other = ApiClient(corbado)
    late = other.finish(corbado.add_user("b@example.com"), state=state)
    assert (late.status_code, late.json()["error"]) == (400, "state_used")
    assert other.who() is None


def test_while_corbado_is_down_it_is_not_asked(page: ApiClient, corbado: Corbado) -> None:
    corbado.fail_next(VALIDATE, status=500, times=0)
    statuses = {finish(page).status_code for _ in range(8)}
    asked = [each for each in corbado.requests if each.path == VALIDATE]
    assert (statuses, len(asked)) == ({503}, 5)


def test_a_failing_cache_keeps_no_visitor_out(
    page: ApiClient, corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_named: Any) -> None:
        raise ConnectionError

    for name in ("add", "get", "get_many", "incr"):
        monkeypatch.setattr(cache, name, fail)
    page.sign_in(corbado.add_user(ADA))
    assert page.who() == ADA


def test_what_a_page_of_another_site_sends_is_refused(page: ApiClient, corbado: Corbado) -> None:
    page.sign_in(corbado.add_user(ADA))
    page.origin = "https://evil.example"
    for method, path in (
        ("POST", "/sign-out/"),
        ("POST", "/sign-in/"),
        ("POST", "/passkeys/"),
        ("DELETE", "/passkeys/cre-1/"),
        ("GET", "/session/"),
    ):
        answer = page.call(method, path, {} if method == "POST" else None)
        assert (answer.status_code, answer.json()["error"]) == (403, "other_origin")
        assert "Access-Control-Allow-Origin" not in answer
    page.origin = "null"
    assert page.post("/sign-out/").status_code == 403
    page.origin = "http://testserver"
    assert page.who() == ADA


def test_the_cookie_of_a_listed_origin_does_not_count(
    page: ApiClient, corbado: Corbado, settings: Any
) -> None:
    settings.CORBADO_API_ORIGINS = [ELSEWHERE]
    page.sign_in(corbado.add_user(ADA))
    page.origin = ELSEWHERE
    assert page.who() is None
    page.post("/sign-out/")
    page.origin = "http://testserver"
    assert page.who() == ADA


def test_the_switch_stops_signing_in_and_not_sessions(page: ApiClient, corbado: Corbado) -> None:
    state = page.begin()
    page.sign_in(corbado.add_user(ADA))
    switch.turn(False)
    for path, body in (("/sign-in/", {}), (FINISH, {"state": state, "authToken": TOKEN})):
        answer = page.post(path, body)
        assert (answer.status_code, answer.json()["error"]) == (403, "switched_off")
    assert page.who() == ADA
    assert page.post("/sign-out/").status_code == 200


def nobody(_request: Any) -> bool:
    return False


def test_a_pilot_stops_who_begins_and_not_who_has_begun(
    page: ApiClient, corbado: Corbado, settings: Any
) -> None:
    state = page.begin(ADA)
    settings.CORBADO_ENABLED_FOR = f"{__name__}.nobody"
    assert page.post("/sign-in/").json()["error"] == "switched_off"
    assert page.finish(corbado.add_user(ADA), email="", state=state).status_code == 200


def test_an_impersonator_cannot_sign_in_or_change_anything(
    page: ApiClient, corbado: Corbado, settings: Any
) -> None:
    page.sign_in(corbado.add_user(ADA))
    other = corbado.add_user("b@example.com")
    asked = page.finish(other)
    settings.CORBADO_IS_IMPERSONATING = "tests.support.front_door.is_support"
    for answer in (
        page.finish(other),
        page.confirm(asked),
        page.post("/passkeys/"),
        page.get("/passkeys/"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (403, "impersonating")


def test_a_site_with_connect_alone_takes_no_token_of_v1(page: ApiClient, settings: Any) -> None:
    settings.CORBADO_CONNECT = True
    assert finish(page).json()["error"] == "not_offered"
    assert page.get("/passkeys/").json()["error"] == "not_offered"


def test_a_database_that_is_gone_is_a_503(
    page: ApiClient, corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    def fail(*_arguments: Any, **_named: Any) -> None:
        raise OperationalError("secret")

    monkeypatch.setattr("corbado_auth.headless.sign_in.take_turn", fail)
    answer = page.finish(corbado.add_user(ADA))
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")


def test_the_sentence_is_in_the_clients_language() -> None:
    client = Client()
    path = f"{PREFIX}/passkeys/"
    english = client.get(path).json()["message"]
    german = client.get(path, headers={"Accept-Language": "de"}).json()["message"]
    assert json.dumps(english) != json.dumps(german)
