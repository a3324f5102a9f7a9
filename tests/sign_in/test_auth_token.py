"""The auth token: its format, and where it is hidden once it has been taken."""

from __future__ import annotations

import json

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.test import AsyncRequestFactory, RequestFactory

from corbado_auth.sign_in.auth_token import (
    AuthToken,
    is_top_level_navigation,
    pop_auth_token,
    token_digest,
)
from corbado_auth.telemetry import take_off

TOKEN = "z" * 32 + "Z9" * 16
PATH = "/corbado/redirect/"


def request_for(query: str, **environ: str) -> HttpRequest:
    return RequestFactory().get(f"{PATH}?{query}", **environ)


@pytest.mark.parametrize("token", [TOKEN, "-._~" * 16, "a" * 64], ids=["usual", "signs", "letters"])
def test_a_token_is_64_visible_ascii_characters(token: str) -> None:
    assert pop_auth_token(request_for(f"corbadoAuthToken={token}")) == token


def test_the_other_parameters_stay() -> None:
    request = request_for(f"a=1&corbadoAuthToken={TOKEN}&b=%26&a=2")
    pop_auth_token(request)
    assert request.GET.getlist("a") == ["1", "2"]
    assert request.GET["b"] == "&"
    assert request.get_full_path() == f"{PATH}?a=1&corbadoAuthToken=hidden&b=%26&a=2"


def test_a_request_without_a_token_stays_as_it_is() -> None:
    request = request_for("a=%41", HTTP_REFERER="http://testserver/?b=%42")
    pop_auth_token(request)
    assert request.META["QUERY_STRING"] == "a=%41"
    assert request.META["HTTP_REFERER"] == "http://testserver/?b=%42"


@pytest.mark.parametrize(
    "copy",
    [
        f"GET {PATH}?a=1&corbadoAuthToken={TOKEN}&b=%26 HTTP/1.1",
        f"{PATH}?b=%26&corbadoAuthToken={TOKEN}",
        f"{PATH}%3Fa%3D1%26corbadoAuthToken%3D{TOKEN}",
    ],
    ids=["the whole line", "in another order", "encoded"],
)
def test_the_token_leaves_every_copy_that_a_server_made(copy: str) -> None:
    request = request_for(f"a=1&corbadoAuthToken={TOKEN}&b=%26", RAW_URI=copy)
    pop_auth_token(request)
    assert TOKEN not in repr(request.META)
    assert "hidden" in request.META["RAW_URI"]


def test_the_token_leaves_an_asgi_scope_too() -> None:
    request = AsyncRequestFactory().get(PATH, {"corbadoAuthToken": TOKEN})
    assert isinstance(request, ASGIRequest)
    assert pop_auth_token(request) == TOKEN
    assert request.scope["query_string"] == b"corbadoAuthToken=hidden"


def test_the_token_travels_as_itself_and_shows_as_nothing() -> None:
    token = AuthToken(TOKEN)
    assert json.dumps({"token": token}) == json.dumps({"token": TOKEN})
    assert TOKEN not in f"{token!r} {[token]!r} { {'token': token}!r}"


def test_the_referer_keeps_the_names_of_what_a_link_brought() -> None:
    referer = "http://testserver/login/?next=%2F&corbadoToken=secret&corbadoEmailLinkID=eml-1#top"
    request = request_for("", HTTP_REFERER=referer)
    take_off(request)
    assert request.META["HTTP_REFERER"] == (
        "http://testserver/login/?next=%2F&corbadoToken=hidden&corbadoEmailLinkID=hidden#top"
    )


@pytest.mark.parametrize("referer", ["", "http://[", "not a URL", "http://testserver/?=&&"])
def test_a_referer_of_any_form_is_left_alone(referer: str) -> None:
    request = request_for("", HTTP_REFERER=referer)
    take_off(request)
    assert request.META["HTTP_REFERER"] == referer


def test_a_digest_knows_its_token_and_does_not_show_it() -> None:
    digest = token_digest(TOKEN)
    assert digest == token_digest(AuthToken(TOKEN))
    assert digest != token_digest(TOKEN[::-1])
    assert digest not in TOKEN
    assert TOKEN not in digest


def test_a_browser_that_says_nothing_is_on_its_way() -> None:
    assert is_top_level_navigation(request_for(""))
