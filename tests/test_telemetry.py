"""Secrets are removed from a request at the entrance, and from records of any shape."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from corbado_auth.sign_in.auth_token import pop_auth_token, was_prepared
from corbado_auth.telemetry import (
    HideTokensMiddleware,
    ScrubFilter,
    Secret,
    hide_tokens,
    note_secrets,
    scrub,
    scrub_structlog,
)
from tests.support.worker import ROOT

TOKEN = "z" * 32 + "Z9" * 16
URL = f"/corbado/redirect/?a=1&corbadoAuthToken={TOKEN}"
REFERER = f"http://testserver/login/?next=%2Fgo%3FcorbadoAuthToken%3D{TOKEN}"
# The form of what Django's signing.dumps() returns.
SIGNED = f"{TOKEN}:1xWztk:{'s' * 43}"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJwcm8tMSJ9.c2lnbmF0dXJlLW9mLWl0"


def test_the_view_behind_the_middleware_still_has_the_token() -> None:
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        assert TOKEN not in repr(request.META) + request.get_full_path() + repr(request.GET)
        return HttpResponse()

    early = RequestFactory().get(URL, HTTP_REFERER=REFERER)
    assert early.GET["corbadoAuthToken"] == TOKEN  # Another middleware has read it before.
    HideTokensMiddleware(view)(early)
    assert pop_auth_token(seen[0]) == TOKEN
    assert was_prepared(seen[0], TOKEN)
    assert seen[0].GET["a"] == "1"


def test_the_middleware_works_in_an_asynchronous_site() -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        assert TOKEN not in repr(request.META) + request.get_full_path()
        assert pop_auth_token(request) == TOKEN
        return HttpResponse("fine")

    async def call() -> Any:
        return await HideTokensMiddleware(view)(AsyncRequestFactory().get(URL))

    assert async_to_sync(call)().content == b"fine"


def test_the_view_behind_a_wrapped_application_still_has_the_token() -> None:
    def application(environ: Any, start_response: Any) -> Any:
        request = RequestFactory().request(**environ)
        assert TOKEN not in repr(request.META)
        return [pop_auth_token(request)]

    environ = RequestFactory().get(URL, HTTP_REFERER=REFERER, RAW_URI=URL).META
    assert hide_tokens(application)(environ, None) == [TOKEN]


def test_an_application_is_asynchronous_by_what_it_is() -> None:
    async def function(scope: Any, receive: Any, send: Any) -> None:
        assert TOKEN not in repr(scope)

    class Application:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await function(scope, receive, send)

    query = f"corbadoAuthToken={TOKEN}".encode()
    scope: dict[str, Any] = {"type": "http", "query_string": query, "headers": []}
    for application in (function, Application()):
        async_to_sync(hide_tokens(application))(scope, None, None)
        async_to_sync(hide_tokens(application))({"type": "lifespan"}, None, None)


def test_headers_in_which_a_proxy_repeats_the_url_are_masked_in_asgi_too() -> None:
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    headers = [
        (b"host", b"testserver"),
        (b"x-original-url", URL.encode()),
        (b"x-forwarded-uri", f"/again/?corbadoAuthToken={TOKEN}".encode()),
        (b"referer", REFERER.encode()),
    ]
    scope = {"type": "http", "query_string": URL.partition("?")[2].encode(), "headers": headers}
    async_to_sync(hide_tokens(application))(scope, None, None)
    assert TOKEN not in repr(seen)
    assert seen[0]["headers"][0] == headers[0]
    assert [name for name, _value in seen[0]["headers"]] == [name for name, _value in headers]


@pytest.mark.parametrize(
    "secret",
    [
        f"https://x.example/?corbadoToken={TOKEN}",
        f"/login/?next=%252Fgo%253FcorbadoAuthToken%253D{TOKEN}%2526a",
        f"signed {JWT} by",
        "ctk1_" + TOKEN[:30],
        "ast1_" + TOKEN[:30],
        "corbado1_" + TOKEN,
        '{"pending": "' + SIGNED + '"}',
        "." + SIGNED,
    ],
)
def test_secrets_with_a_form_of_their_own_are_masked_anywhere(secret: str) -> None:
    record = {"a": [{"b": (secret, 1, None)}], "c": secret.encode()}
    masked = scrub(record)
    assert "hidden" in masked["a"][0]["b"][0]
    assert TOKEN[:30] not in masked["a"][0]["b"][0]
    assert masked["a"][0]["b"][1:] == [1, None]


def test_secrets_of_the_request_are_masked_whatever_their_form() -> None:
    note_secrets(['it\'s a "passphrase"', "abc"])
    texts = {"plain": 'it\'s a "passphrase" indeed', "quoted": "it%27s%20a%20%22passphrase%22"}
    assert "passphrase" not in repr(scrub(texts))
    assert scrub(["abc", "abcdef"]) == ["hidden", "abcdef"]


@pytest.mark.parametrize(
    "key", ["password", "Authorization", "signedPasskeyData", "authToken", "Corbado-Auth-Proof"]
)
def test_what_a_key_names_as_a_secret_is_masked(key: str) -> None:
    assert scrub_structlog(None, "info", {"event": "x", key: "y"}) == {"event": "x", key: "hidden"}


def test_a_log_record_is_masked_with_its_traceback() -> None:
    password = Secret("a password of somebody")
    logger = logging.getLogger("corbado_auth.tests")
    try:
        raise ValueError(password.reveal())
    except ValueError as error:
        record = logger.makeRecord(
            "x", logging.ERROR, "f", 1, "%s", (password.reveal(),), (type(error), error, None)
        )
    assert ScrubFilter().filter(record)
    text = logging.Formatter().format(record)
    assert "hidden" in text
    assert password.reveal() not in text
    assert password.reveal() not in repr([password])


def test_long_texts_that_nearly_hold_a_secret_take_no_time() -> None:
    """Otherwise one URL would stop the whole process, wherever logs or errors are scrubbed."""
    hostile = """
from corbado_auth.telemetry import note_secrets, scrub
note_secrets(f"secret-{number}" for number in range(100_000))
assert scrub(["text"] * 10_000 + ["eyJ" * 1_000_000])[-1] == "eyJ" * 1_000_000
"""
    # Each of the two took minutes.
    subprocess.run([sys.executable, "-c", hostile], cwd=ROOT, timeout=60, check=True)
