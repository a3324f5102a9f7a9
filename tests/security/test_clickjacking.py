"""Clickjacking: the attacker's page shows our confirm page in an invisible frame over a game.

The victim clicks on "Yes, sign me in" without seeing it. No other page may frame ours, and not
because the site happens to have a middleware for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from corbado_auth.testing import Corbado, User
from tests.support.front_door import come_back

pytestmark = [pytest.mark.security, pytest.mark.django_db]

CONFIRM = "/corbado/confirm/"


@pytest.fixture(params=["all middlewares", "none for it", "same origin allowed"])
def site(request: pytest.FixtureRequest, settings: Any) -> None:
    if request.param == "none for it":
        unneeded = ("XFrameOptions", "SecurityMiddleware", "CsrfView")
        settings.MIDDLEWARE = [
            name for name in settings.MIDDLEWARE if not any(part in name for part in unneeded)
        ]
    if request.param == "same origin allowed":
        settings.X_FRAME_OPTIONS = "SAMEORIGIN"


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("shown", ["the question", "another person", "nothing", "refused"])
def test_no_page_may_frame_the_confirm_page(
    client: Client, corbado: Corbado, robin: User, shown: str
) -> None:
    if shown != "nothing":
        come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    if shown == "another person":
        response = client.post(CONFIRM, {"id": "of the other tab"})
    elif shown == "refused":
        response = client.post(CONFIRM, {"id": "x"}, headers={"sec-fetch-site": "cross-site"})
    else:
        response = client.get(CONFIRM)
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert "no-store" in response.headers["Cache-Control"]


POLICY = "default-src 'self'; frame-ancestors 'self' https://partner.example.com"


def assigning(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Set the policy by hand, whatever is there."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response

    return middleware


def defaulting(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Set the policy by hand where there is none."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return middleware


@pytest.mark.parametrize("names", [["assigning"], ["defaulting"], ["defaulting", "assigning"]])
def test_the_confirm_page_adds_to_a_policy_that_the_site_sets_by_hand(
    client: Client, corbado: Corbado, robin: User, settings: Any, names: list[str]
) -> None:
    settings.MIDDLEWARE = [*(f"{__name__}.{name}" for name in names), *settings.MIDDLEWARE]
    come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    response = client.get(CONFIRM)
    sent = dict(response.items())["Content-Security-Policy"]
    assert sent == f"{POLICY}, frame-ancestors 'none'"
    assert client.get("/corbado/login/").headers["Content-Security-Policy"] == POLICY
