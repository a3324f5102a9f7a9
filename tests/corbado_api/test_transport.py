"""How calls to Corbado fail, and how connections are used: real sockets, nothing patched."""

from __future__ import annotations

import base64
import os
import socket
import time
import traceback
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from django.utils import timezone
from pytest_django import Settings
from requests.adapters import HTTPAdapter

from corbado_auth.corbado_api import transport
from corbado_auth.corbado_api.service import SignInService
from corbado_auth.exceptions import CorbadoError, CorbadoRejected, CorbadoUnavailable
from corbado_auth.identity import ClientInfo, CorbadoUser
from tests.support.failures import (
    BODY_CANARY,
    FAILURES,
    GOOD,
    GOOD_BYTES,
    IMPATIENT,
    LONG,
    PATIENT,
    TIME,
    Failure,
    tls_of,
    trusted_authority,
)
from tests.support.misbehaving_server import (
    CLOSE,
    RESET,
    MisbehavingServer,
    Request,
    Script,
    Steps,
    always,
    answer,
    head,
)

TOKEN = "canaryToken" + "7" * 53
SECRET = "corbado1_canary-secret"
AUTHORIZATION = "cHJvLTEyMzQ1Njc4OTA6Y29yYmFkbzFf"  # how every such header begins
# A loaded machine is slow; what this bounds would last a minute.
SLACK = 15.0


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.CORBADO_API_SECRET = SECRET
    settings.CORBADO_TIMEOUT = PATIENT


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[trustme.CA]:
    """Return the authority that the site trusts."""
    with trusted_authority(tmp_path) as authority:
        yield authority


def validate(url: str, settings: Settings) -> CorbadoUser:
    """Ask the server at this URL about a token."""
    settings.CORBADO_BACKEND_API_URL = url
    return SignInService().validate_auth_token(TOKEN, ClientInfo("192.0.2.7", "browser"))


def test_a_second_project_is_asked_with_its_own_credentials(settings: Settings) -> None:
    def asked_by(service: SignInService) -> str:
        service.list_users()
        return server.requests[-1].head

    page = {"data": {"users": [], "paging": {"page": 1, "totalPages": 1, "totalItems": 0}}}
    with MisbehavingServer(always(answer({"httpStatusCode": 200, **page}))) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        second = {"project_id": "pro-2", "api_secret": "corbado1_second"}
        heads = [asked_by(SignInService(**each)) for each in ({}, second, {})]
    credentials = [
        base64.b64encode(each.encode()).decode()
        for each in (f"{settings.CORBADO_PROJECT_ID}:{SECRET}", "pro-2:corbado1_second")
    ]
    for asked, known in zip(heads, (0, 1, 0), strict=True):
        assert f"Authorization: Basic {credentials[known]}\r\n" in asked
    assert "X-Corbado-ProjectID: pro-2\r\n" in heads[1]


def test_a_service_asks_where_it_is_told_and_waits_as_long(settings: Settings) -> None:
    settings.CORBADO_BACKEND_API_URL = "http://127.0.0.1:9"
    settings.CORBADO_TIMEOUT = 60
    with MisbehavingServer(always(60.0)) as server:
        service = SignInService(base_url=f"{server.url}/", timeout=0.1)
        with pytest.raises(CorbadoUnavailable):
            service.get_user("usr-1")
        assert [request.total for request in server.requests] == [1]


def test_a_time_out_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="^timeout must be a number of seconds"):
        SignInService(timeout=(1, 0))


# Every failure ----------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_a_failure_is_an_error_of_ours(
    failure: Failure, authority: trustme.CA, settings: Settings
) -> None:
    settings.CORBADO_TIMEOUT = failure.timeout
    with failure.start(authority) as url, pytest.raises(CorbadoError) as caught:
        validate(url, settings)
    error = caught.value
    assert type(error) is failure.error
    assert (error.status_code, error.request_id) == (failure.status, failure.request_id)
    assert getattr(error, "retry_after", None) == failure.retry_after


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_a_failure_tells_no_secret(
    failure: Failure, authority: trustme.CA, settings: Settings
) -> None:
    settings.CORBADO_TIMEOUT = failure.timeout
    with failure.start(authority) as url, pytest.raises(CorbadoError) as caught:
        validate(url, settings)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=False)
    told = "".join(shown.format()) + repr(caught.value)
    for canary in (TOKEN, SECRET, AUTHORIZATION, BODY_CANARY):
        assert canary not in told
    # The HTTP library's exceptions hold the request: none may hang on ours.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("failure", TIME, ids=str)
def test_a_slow_answer_is_given_up_at_the_deadline(
    failure: Failure, authority: trustme.CA, settings: Settings
) -> None:
    settings.CORBADO_TIMEOUT = failure.timeout
    with failure.start(authority) as url:
        start = time.monotonic()
        with pytest.raises(CorbadoUnavailable):
            validate(url, settings)
        assert time.monotonic() - start < sum(failure.timeout) + transport.GRACE + SLACK


def test_the_last_wait_is_no_longer_than_what_is_left(
    authority: trustme.CA, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float | None] = []
    set_timeout = socket.socket.settimeout

    def noted(self: socket.socket, seconds: float | None) -> None:
        waits.append(seconds)
        set_timeout(self, seconds)

    monkeypatch.setattr(socket.socket, "settimeout", noted)
    (trickle,) = [failure for failure in TIME if failure.name == "trickle"]
    settings.CORBADO_TIMEOUT = IMPATIENT
    with trickle.start(authority) as url, pytest.raises(CorbadoUnavailable):
        validate(url, settings)
    assert min(seconds for seconds in waits if seconds is not None) < min(IMPATIENT)


@pytest.mark.parametrize("elsewhere", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_the_secret_nowhere(
    status: int, elsewhere: str, settings: Settings
) -> None:
    with MisbehavingServer(always(answer(GOOD))) as other:
        location = f"http://{elsewhere}:{other.port}/v1/authTokens/validate"
        script = always(answer(b"", status, location=location))
        with MisbehavingServer(script) as server, pytest.raises(CorbadoUnavailable):
            validate(server.url, settings)
        assert other.connections == 0


def test_retry_after_as_a_date_is_seconds_from_now(settings: Settings) -> None:
    date = format_datetime(timezone.now() + timedelta(seconds=90), usegmt=True)
    script = always(answer(b"", 503, retry_after=date))
    with MisbehavingServer(script) as server, pytest.raises(CorbadoUnavailable) as caught:
        validate(server.url, settings)
    assert caught.value.retry_after in range(60, 91)


@pytest.mark.parametrize(
    "url",
    ["", "backendapi.corbado.io", "ftp://127.0.0.1", "http://", "http://[::1", "http://a:port"],
)
def test_a_url_that_is_none_is_our_configuration(url: str, settings: Settings) -> None:
    with pytest.raises(CorbadoRejected, match="CORBADO_BACKEND_API_URL"):
        validate(url, settings)


@pytest.mark.parametrize("project_id", ["pro-1\r\nX-Evil: 1", "pro-\u20ac"], ids=ascii)
def test_a_project_id_that_is_none_is_our_configuration(
    project_id: str, settings: Settings
) -> None:
    settings.CORBADO_PROJECT_ID = project_id
    with MisbehavingServer(always(answer(GOOD))) as server:
        with pytest.raises(CorbadoRejected, match="check CORBADO_PROJECT_ID"):
            validate(server.url, settings)
        assert server.requests == []


# Certificates -----------------------------------------------------------------------------------


def test_a_certificate_of_a_trusted_authority_is_accepted(
    authority: trustme.CA, settings: Settings
) -> None:
    with MisbehavingServer(always(answer(GOOD)), tls=tls_of(authority)) as server:
        assert validate(server.url, settings).id == GOOD["data"]["userID"]


@pytest.mark.usefixtures("authority")
def test_a_certificate_of_an_unknown_authority_is_not(settings: Settings) -> None:
    with MisbehavingServer(always(answer(GOOD)), tls=tls_of(trustme.CA())) as server:
        with pytest.raises(CorbadoUnavailable, match="SSLError"):
            validate(server.url, settings)
        assert server.requests == []


def test_connections_share_one_tls_context(authority: trustme.CA, settings: Settings) -> None:
    script = always(answer(GOOD, connection="close"), CLOSE)
    with MisbehavingServer(script, tls=tls_of(authority)) as server:
        for _ in range(3):
            validate(server.url, settings)
        assert server.connections == 3
    assert transport._ssl_context.cache_info().misses == 1


# Connections ------------------------------------------------------------------------------------


def test_calls_share_one_connection(settings: Settings) -> None:
    with MisbehavingServer(always(answer(GOOD))) as server:
        for _ in range(20):
            validate(server.url, settings)
        assert (len(server.requests), server.connections) == (20, 1)


def test_the_pool_is_looked_up_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking it up takes requests as long as a tenth of the whole call."""
    lookups: list[Any] = []
    look_up = HTTPAdapter.get_connection_with_tls_context

    def looking_up(*args: Any, **kwargs: Any) -> Any:
        lookups.append(args)
        return look_up(*args, **kwargs)

    monkeypatch.setattr(HTTPAdapter, "get_connection_with_tls_context", looking_up)
    with MisbehavingServer(always(answer(GOOD))) as server:
        for _ in range(5):
            validate(server.url, settings)
    assert len(lookups) == 1


def test_an_error_gives_its_connection_back(settings: Settings) -> None:
    with MisbehavingServer(always(answer({}, 500))) as server:
        for _ in range(5):
            with pytest.raises(CorbadoUnavailable):
                validate(server.url, settings)
        assert server.connections == 1


def test_eight_threads_take_at_most_eight_connections(settings: Settings) -> None:
    with MisbehavingServer(always(0.005, answer(GOOD))) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        with ThreadPoolExecutor(8) as pool:
            users = list(pool.map(lambda _n: validate(server.url, settings), range(64)))
        assert len(users) == len(server.requests) == 64
        assert server.connections <= 8


def test_a_forked_child_opens_its_own_connection(settings: Settings) -> None:
    with MisbehavingServer(always(answer(GOOD))) as server:
        validate(server.url, settings)
        with warnings.catch_warnings():
            # Python 3.12 warns of forking beside threads: the server's, which the child is without.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            os._exit(_exit_code_of_a_call(server.url, settings))
        assert os.waitpid(child, 0)[1] == 0
        validate(server.url, settings)
        # Parent, child, parent: the child left the parent's connection alone.
        assert [request.connection for request in server.requests] == [1, 2, 1]


def _exit_code_of_a_call(url: str, settings: Settings) -> int:
    try:
        validate(url, settings)
    except BaseException:  # noqa: BLE001 -- a child must never go on with the tests
        return 1
    return 0


def test_a_connection_closed_meanwhile_is_replaced(settings: Settings) -> None:
    with MisbehavingServer(always(answer(GOOD), CLOSE)) as server:
        for _ in range(3):
            validate(server.url, settings)
        assert len(server.requests) == 3


@pytest.mark.parametrize("end", [CLOSE, RESET], ids=["closed", "reset"])
def test_a_kept_connection_that_dies_is_tried_once_more(end: Steps, settings: Settings) -> None:
    def script(request: Request) -> Steps:
        # The first connection looks alive until it is used again.
        return [end] if (request.connection, request.number) == (1, 2) else [answer(GOOD)]

    with MisbehavingServer(script) as server:
        validate(server.url, settings)
        validate(server.url, settings)
        assert [request.connection for request in server.requests] == [1, 1, 2]


@pytest.mark.parametrize("end", [CLOSE, RESET], ids=["closed", "reset"])
def test_a_connection_that_dies_is_not_tried_a_third_time(end: Steps, settings: Settings) -> None:
    with MisbehavingServer(always(end)) as server:
        with pytest.raises(CorbadoUnavailable, match="twice"):
            validate(server.url, settings)
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(always(LONG), id="read-time-out"),
        pytest.param(always(head(content_length="9999"), GOOD_BYTES, CLOSE), id="truncated"),
        pytest.param(always(answer({}, 503)), id="503"),
    ],
)
def test_what_may_have_spent_the_token_is_not_asked_again(
    script: Script, settings: Settings
) -> None:
    settings.CORBADO_TIMEOUT = IMPATIENT
    with MisbehavingServer(script) as server:
        with pytest.raises(CorbadoUnavailable):
            validate(server.url, settings)
        assert len(server.requests) == 1


def test_what_follows_an_answer_is_not_the_next_one(settings: Settings) -> None:
    forged = answer({**GOOD, "data": {"userID": "usr-forged", "user": {"ID": "usr-forged"}}})
    with MisbehavingServer(always(answer(GOOD) + forged)) as server:
        for _ in range(2):
            assert validate(server.url, settings).id == GOOD["data"]["userID"]


def test_a_cookie_of_corbados_is_not_sent_back(settings: Settings) -> None:
    with MisbehavingServer(always(answer(GOOD, set_cookie="a=1; Path=/"))) as server:
        for _ in range(2):
            validate(server.url, settings)
        assert not any("cookie" in request.head.lower() for request in server.requests)


def test_an_answer_without_a_length_ends_with_the_connection(settings: Settings) -> None:
    with MisbehavingServer(always(head(), GOOD_BYTES, CLOSE)) as server:
        assert validate(server.url, settings).id == GOOD["data"]["userID"]


def test_an_answer_in_chunks_is_read_whole(settings: Settings) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in GOOD_BYTES) + b"0\r\n\r\n"
    with MisbehavingServer(always(head(transfer_encoding="chunked"), chunks)) as server:
        for _ in range(2):
            assert validate(server.url, settings).id == GOOD["data"]["userID"]
        assert server.connections == 1
