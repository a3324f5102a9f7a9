"""Corbado fails in the middle of a sign-in.

Someone who can break the line between the site and Corbado, or answer in Corbado's place, must gain
nothing: no session, no row, no wait without end, and no look at the token, the secret or what
Corbado said. The visitor gets one clear page, the operator one log record with the request ID.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from corbado_auth.exceptions import (
    CorbadoError,
    CorbadoRejected,
    CorbadoUnavailable,
    InvalidAuthToken,
)
from corbado_auth.models import CorbadoAccount
from tests.support.failures import BODY_CANARY, FAILURES, GOOD, PATIENT, Failure, trusted_authority
from tests.support.front_door import come_back, open_login_page, sign_in
from tests.support.misbehaving_server import MisbehavingServer, Request, Steps, always, answer

pytestmark = [pytest.mark.security, pytest.mark.django_db]

TOKEN = "canaryToken" + "7" * 53
SECRET = "corbado1_canary-secret"
AUTHORIZATION = "cHJvLTEyMzQ1Njc4OTA6Y29yYmFkbzFf"  # how every such header begins
CANARIES = [TOKEN, SECRET, AUTHORIZATION, BODY_CANARY]

PAGES: dict[type[CorbadoError], tuple[int, str]] = {
    InvalidAuthToken: (400, "This sign-in link has been used or has expired"),
    CorbadoRejected: (500, "Sign-in is not set up correctly"),
    CorbadoUnavailable: (503, "Sign-in is not available right now"),
}


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> Iterator[None]:
    settings.CORBADO_API_SECRET = SECRET
    settings.CORBADO_TIMEOUT = PATIENT
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[trustme.CA]:
    """Return the authority that the site trusts."""
    with trusted_authority(tmp_path) as authority:
        yield authority


@pytest.fixture(params=FAILURES, ids=str)
def failure(request: Any, authority: trustme.CA, settings: Settings) -> Iterator[Failure]:
    """Let Corbado fail in one of all ways."""
    failure: Failure = request.param
    settings.CORBADO_TIMEOUT = failure.timeout
    with failure.start(authority) as settings.CORBADO_BACKEND_API_URL:
        yield failure


def test_a_failure_has_its_page_its_record_and_no_trace(
    failure: Failure, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    response = sign_in(client, TOKEN)
    status, heading = PAGES[failure.error]
    assert response.status_code == status
    assert f"<h1>{heading}</h1>" in response.content.decode()
    assert_told_once(caplog, failure)
    assert_nothing_written(client)
    assert_no_canary(response, caplog)


def assert_told_once(caplog: pytest.LogCaptureFixture, failure: Failure) -> None:
    """Check that one record tells the operator, with what Corbado's support asks for."""
    (record,) = [record for record in caplog.records if record.name == "corbado_auth"]
    level = logging.INFO if failure.error is InvalidAuthToken else logging.ERROR
    assert record.levelno == level
    assert record.exc_info is None
    assert f"request={failure.request_id}" in record.getMessage() or not failure.request_id
    assert f"status={failure.status}" in record.getMessage() or failure.status is None


def assert_nothing_written(client: Client) -> None:
    """Check that nobody is signed in and that no row is there."""
    assert not get_user_model()._default_manager.exists()
    assert not CorbadoAccount.objects.exists()
    assert not Session.objects.exists()
    assert "sessionid" not in client.cookies


def assert_no_canary(response: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Search the page, its headers and all that any logger was given."""
    records = [(record.getMessage(), record.__dict__.items()) for record in caplog.records]
    request = response.wsgi_request
    everything = repr(
        [response.content, response.items(), response.cookies, records, caplog.text]
        + [request.GET, request.META, request.get_full_path()]
    )
    for canary in CANARIES:
        assert canary not in everything


@pytest.mark.parametrize(
    ("asked_for", "told"),
    [
        pytest.param({}, "30", id="nothing"),
        pytest.param({"retry_after": "50"}, "50", id="50"),
        pytest.param({"retry_after": "121"}, "120", id="too-long"),
        pytest.param({"retry_after": "0"}, "30", id="no-time"),
        pytest.param({"retry_after": "Thu, 01 Jan 1970 00:00:00 GMT"}, "30", id="yesterday"),
        pytest.param({"retry_after": "Fri, 31 Dec 9999 23:59:59 GMT"}, "120", id="far-away"),
        pytest.param({"retry_after": "soon"}, "30", id="nonsense"),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_visitor_is_told_how_long_to_wait(
    status: int, asked_for: dict[str, str], told: str, client: Client, settings: Settings
) -> None:
    with MisbehavingServer(always(answer({}, status, **asked_for))) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        response = sign_in(client, TOKEN)
    assert (response.status_code, response.headers["Retry-After"]) == (503, told)


def test_a_reload_after_an_outage_signs_in_with_the_same_token(
    client: Client, settings: Settings
) -> None:
    def script(request: Request) -> Steps:
        return [answer({}, 503)] if request.total == 1 else [answer(GOOD)]

    with MisbehavingServer(script) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        assert sign_in(client, TOKEN).status_code == 503
        assert come_back(client, TOKEN).status_code == 303
    assert CorbadoAccount.objects.get().corbado_user_id == GOOD["data"]["userID"]


def test_outages_do_not_count_as_failed_attempts(client: Client, settings: Settings) -> None:
    settings.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = 2
    with MisbehavingServer(always(answer({}, 503))) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        open_login_page(client)
        assert {come_back(client, TOKEN).status_code for _ in range(5)} == {503}
