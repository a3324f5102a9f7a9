"""Leaks: a token, a secret or a body ends up where more people look than should.

In a log, an error mail, the debug page, an exception's text or its causes, a repr, a page, a
header, a session row, a signal. Each request below carries canaries in all places where something
secret travels, and everything that was written is searched for them. There are two doors: the
Redirect URL, and the JSON API.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from django.contrib.auth.signals import user_logged_in
from django.core.cache import cache
from django.db import OperationalError
from django.dispatch import Signal
from django.test import Client

from corbado_auth.sign_in import pending
from corbado_auth.sign_in.confirm import ConfirmView
from corbado_auth.signals import account_linked
from tests.plugins.wire import Wire
from tests.security.written import (
    IN_THE_BODY,
    MAGIC_TOKEN,
    PROJECT_ID,
    SECRET,
    TOKEN,
    Written,
)
from tests.support.api_client import PREFIX
from tests.support.front_door import come_back, open_login_page
from tests.wire import sample

pytestmark = [pytest.mark.security, pytest.mark.django_db]

CONFIRM = "/corbado/confirm/"
LOGIN = "http://testserver/corbado/login/"
BY_A_LINK = f"{LOGIN}?corbadoEmailLinkID=eml-1&corbadoToken={MAGIC_TOKEN}&next=/orders/"


def with_canaries(name: str) -> Any:
    """Return a sample of the wire with a canary wherever Corbado's text can be."""
    answer = copy.deepcopy(sample(name).answer)
    answer["message"] = IN_THE_BODY
    if user := answer.get("data", {}).get("user"):
        user["phoneNumbers"] = [{"phoneNumber": IN_THE_BODY}]
        user["name"] = IN_THE_BODY
        answer["data"]["userData"] = IN_THE_BODY
    if error := answer.get("error"):
        error["details"] = f"{IN_THE_BODY} {TOKEN} {SECRET}"
        error["links"] = [IN_THE_BODY]
        for entry in error.get("validation") or []:
            entry["message"] = f"{IN_THE_BODY} {TOKEN}"
    return answer


@pytest.fixture(params=[False, True], ids=["production", "DEBUG"])
def written(request: pytest.FixtureRequest, settings: Any, wire: Wire) -> Iterator[Written]:
    """Record everything, in production and under DEBUG."""
    settings.DEBUG = request.param
    settings.CORBADO_API_SECRET = SECRET
    settings.CORBADO_PROJECT_ID = PROJECT_ID
    wire.answers(json=with_canaries("validate_good"))
    with Written() as written:
        yield written


@pytest.fixture
def browser() -> Client:
    """Show errors as pages, as a server does."""
    client = Client(raise_request_exception=False)
    open_login_page(client)
    return client


def raises(error: Exception) -> Callable[..., None]:
    """Return a function that raises, whatever it is called with."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    return fail


def come_to_the_redirect_url() -> Any:
    """Open the login page, and come back from Corbado with the token."""
    client = Client(raise_request_exception=False)
    open_login_page(client)
    return come_back(client, TOKEN)


def post(path: str, body: Any) -> Any:
    client = Client(raise_request_exception=False)
    return client.post(PREFIX + path, json.dumps(body), content_type="application/json")


def finish_by_the_api() -> Any:
    """Begin a sign-in by the JSON API, and finish it with the token."""
    cache.clear()
    state = post("/sign-in/", {}).json()["state"]
    return post("/sign-in/finish/", {"state": state, "authToken": TOKEN})


DOORS = {"Redirect URL": come_to_the_redirect_url, "JSON API": finish_by_the_api}


def leaks_after(written: Written, response: Any) -> list[str]:
    written.response(response)
    return written.leaks()


ANSWERS = [
    "validate_good",
    "validate_unknown_token",
    "validate_token_of_wrong_length",
    "validate_internal_error",
    "validate_rate_limited",
    "validate_wrong_secret",
    "validate_project_id_mismatch",
    "validate_blank_client_info",
    "validate_invalid_json",
]


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("come", DOORS.values(), ids=DOORS)
def test_no_answer_of_corbados_leaks(
    written: Written, wire: Wire, come: Callable[[], Any], name: str
) -> None:
    wire.answers(json=with_canaries(name), status=sample(name).status)
    response = come()
    assert len(wire.requests) == 1
    assert leaks_after(written, response) == []


NONSENSE: dict[str, dict[str, Any]] = {
    "not JSON": {"body": f"<html>{IN_THE_BODY}"},
    "another shape": {"json": {"data": {"user": {"ID": IN_THE_BODY}}}},
    "wrong types": {"json": {"data": {"userID": [IN_THE_BODY], "user": {"ID": [IN_THE_BODY]}}}},
    "a secret for a word": {
        "status": 400,
        "json": {
            "httpStatusCode": 400,
            "requestData": {"requestID": SECRET},
            "error": {"type": TOKEN, "validation": [{"field": TOKEN, "message": IN_THE_BODY}]},
        },
    },
    "the connection fails": {"body": requests.ConnectionError(f"{TOKEN} {SECRET}")},
    "it takes too long": {"body": requests.Timeout(f"{TOKEN} {SECRET}")},
    "a redirect": {"status": 302, "headers": {"Location": f"https://example.org/{SECRET}"}},
}


@pytest.mark.parametrize("how", NONSENSE.values(), ids=NONSENSE)
def test_no_nonsense_of_corbados_leaks(
    written: Written, browser: Client, wire: Wire, how: dict[str, Any]
) -> None:
    wire.answers(**how)
    response = come_back(browser, TOKEN)
    assert response.status_code in {500, 503}
    assert leaks_after(written, response) == []


def test_the_way_over_the_confirm_page_leaks_nothing(written: Written, browser: Client) -> None:
    written.response(come_back(browser, TOKEN, referer=BY_A_LINK))
    page = browser.get(CONFIRM)
    written.response(page)
    response = browser.post(CONFIRM, {"id": page.context["result"].id})
    assert response.status_code == 303
    assert leaks_after(written, response) == []


REFUSED: dict[str, Callable[[Client], Any]] = {
    "prefetch": lambda browser: come_back(browser, TOKEN, sec_purpose="prefetch"),
    "frame": lambda browser: come_back(browser, TOKEN, sec_fetch_dest="iframe"),
    "two tokens": lambda browser: browser.get(
        f"/corbado/redirect/?corbadoAuthToken={TOKEN}&corbadoAuthToken={TOKEN}"
    ),
    "badly copied": lambda browser: come_back(browser, TOKEN + "%2e"),
    "too many parameters": lambda browser: browser.get(
        f"/corbado/redirect/?corbadoAuthToken={TOKEN}{'&a=b' * 2000}"
    ),
    "mail scanner": lambda _browser: Client().get(f"/corbado/redirect/?corbadoAuthToken={TOKEN}"),
    "HEAD": lambda browser: browser.head(f"/corbado/redirect/?corbadoAuthToken={TOKEN}"),
    "POST": lambda _browser: Client(enforce_csrf_checks=True).post(
        f"/corbado/redirect/?corbadoAuthToken={TOKEN}"
    ),
    "written in another way": lambda browser: browser.get(
        f"/corbado/redirect/?corbado%41uthToken=%63{TOKEN[1:]}&x=",
        headers={"X-Original-URL": f"/corbado/redirect/?corbado%41uthToken=%63{TOKEN[1:]}&x="},
    ),
    "with the server's own copies": lambda browser: browser.get(
        f"/corbado/redirect/?corbadoAuthToken={TOKEN}",
        RAW_URI=f"/corbado/redirect/?corbadoAuthToken={TOKEN}",
        REQUEST_URI=f"http://testserver/corbado/redirect/?corbadoAuthToken={TOKEN}",
        HTTP_REFERER=f"http://testserver/corbado/redirect/?corbadoAuthToken={TOKEN}",
    ),
}


@pytest.mark.parametrize("visit", REFUSED.values(), ids=REFUSED)
def test_no_refusal_leaks(
    written: Written, browser: Client, visit: Callable[[Client], Any]
) -> None:
    assert leaks_after(written, visit(browser)) == []


# Something of the site's own breaks in the middle: Django reports it, with local variables.
BREAKS: dict[str, tuple[str, Exception]] = {
    "a backend": ("corbado_auth.backends.CorbadoBackend.authenticate", RuntimeError("broken")),
    "the database": ("corbado_auth.session.authenticate", OperationalError("gone")),
    "CORBADO_TRUSTED_PROXIES": (
        "corbado_auth.sign_in.views.client_info",
        ValueError("10.0.0.0/99"),
    ),
    "the session store": ("django.contrib.sessions.backends.db.SessionStore.save", OSError("full")),
    "a template": (
        "corbado_auth.sign_in.failures.FailurePages.get_context_data",
        RuntimeError("broken"),
    ),
}


@pytest.mark.parametrize(("what", "error"), BREAKS.values(), ids=BREAKS)
def test_no_error_report_leaks(
    written: Written,
    browser: Client,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    error: Exception,
) -> None:
    if "FailurePages" in what:
        wire.answers(json=with_canaries("validate_unknown_token"), status=404)
    monkeypatch.setattr(what, raises(error))
    response = come_back(browser, TOKEN, referer=f"{LOGIN}?next=/orders/")
    monkeypatch.undo()
    assert response.status_code in {303, 500, 503}
    assert leaks_after(written, response) == []


@pytest.mark.parametrize("signal", [user_logged_in, account_linked], ids=["Django's", "ours"])
def test_a_receiver_that_raises_leaks_nothing(
    written: Written, browser: Client, signal: Signal
) -> None:
    receiver = raises(RuntimeError("broken"))
    signal.connect(receiver)
    try:
        response = come_back(browser, TOKEN, referer=f"{LOGIN}?next=/orders/")
    finally:
        signal.disconnect(receiver)
    assert leaks_after(written, response) == []


def test_a_receiver_that_raises_leaks_nothing_by_the_api(written: Written) -> None:
    receiver = raises(RuntimeError("broken"))
    asked = finish_by_the_api()
    user_logged_in.connect(receiver)
    try:
        response = post("/sign-in/confirm/", {"pending": asked.json()["pending"]})
    finally:
        user_logged_in.disconnect(receiver)
    assert response.status_code == 500
    assert leaks_after(written, response) == []
    assert asked.json()["pending"] not in response.content.decode()


# What only a mistake of ours would do. Under DEBUG these frames show all that they hold.
READER = "corbado_auth.corbado_api.responses.read_user"
TRANSPORT = "urllib3.connectionpool.HTTPConnectionPool._make_request"
MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "of the reader": (come_to_the_redirect_url, READER),
    "of the transport": (come_to_the_redirect_url, TRANSPORT),
    "of the reader, API": (finish_by_the_api, READER),
    "of the transport, API": (finish_by_the_api, TRANSPORT),
    "before Corbado is asked, API": (
        finish_by_the_api,
        "corbado_auth.headless.sign_in.client_info",
    ),
    "after Corbado was asked, API": (finish_by_the_api, "corbado_auth.headless.sign_in.take_turn"),
}


@pytest.mark.parametrize(("come", "what"), MISTAKES.values(), ids=MISTAKES)
def test_no_report_of_a_mistake_of_ours_leaks(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    wire: Wire,
    come: Callable[[], Any],
    what: str,
) -> None:
    settings.CORBADO_API_SECRET = SECRET
    wire.answers(json=with_canaries("validate_good"))
    if what == TRANSPORT:
        wire.let_through()
        settings.CORBADO_BACKEND_API_URL = "http://127.0.0.1:9"
    monkeypatch.setattr(what, raises(RuntimeError("broken")))
    with Written() as written:
        response = come()
        assert response.status_code == 500
        assert leaks_after(written, response) == []


def test_an_error_report_of_the_login_page_has_no_magic_link(
    written: Written, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has redeemed it yet: the component does that in the browser."""
    broken = raises(RuntimeError("broken"))
    monkeypatch.setattr("corbado_auth.templatetags.corbado.nonce_for", broken)
    response = browser.get(BY_A_LINK, headers={"referer": BY_A_LINK})
    assert response.status_code == 500
    assert leaks_after(written, response) == []


def test_an_error_report_does_not_have_the_cookie_of_a_pending_result(
    written: Written, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens the account for five minutes, to anyone who reads the email."""
    come_back(browser, TOKEN, sec_fetch_site="none")
    cookie = browser.cookies[pending.cookie.name].value
    monkeypatch.setattr(ConfirmView, "_question", raises(RuntimeError("broken")))
    written.response(browser.get(CONFIRM))
    written.leaks()
    assert not [where for where, text in written._texts if cookie in text]
