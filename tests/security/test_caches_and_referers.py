"""The token is in a URL, and URLs are stored and passed on: by caches, and in the Referer.

A proxy or the browser's own cache keeps a page under its address; a page that loads or links to
something sends its address along. None of our answers may be kept, and none that has the token in
its address, or the magic link in the Referer that led to it, may pass it on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from corbado_auth.testing import Corbado, User
from tests.support.front_door import TOKEN, come_back, open_login_page, sign_in

pytestmark = [pytest.mark.security, pytest.mark.django_db]

CONFIRM = "/corbado/confirm/"
REDIRECT = "/corbado/redirect/"
BY_A_LINK = "http://testserver/corbado/login/?corbadoToken=t"


def confirmed(client: Client, token: str) -> Any:
    come_back(client, token, referer=BY_A_LINK)
    return client.post(CONFIRM, {"id": client.get(CONFIRM).context["result"].id})


def reloaded(client: Client, token: str) -> Any:
    sign_in(client, token)
    return come_back(client, token)


ANSWERS: dict[str, tuple[Callable[[Client, str], Any], int]] = {
    "signed in": (sign_in, 303),
    "asked first": (lambda client, token: come_back(client, token, referer=BY_A_LINK), 303),
    "signed in after the button": (confirmed, 303),
    "reloaded": (reloaded, 303),
    "no token": (lambda client, _token: client.get(REDIRECT), 400),
    "spent token": (lambda client, _token: sign_in(client, TOKEN), 400),
    "prefetch": (lambda client, token: come_back(client, token, sec_purpose="prefetch"), 403),
    "HEAD": (lambda client, token: client.head(f"{REDIRECT}?corbadoAuthToken={token}"), 405),
    "POST": (lambda client, token: client.post(f"{REDIRECT}?corbadoAuthToken={token}"), 405),
}


@pytest.mark.parametrize(("go", "status"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_to_a_token_is_not_kept_and_sends_no_referer(
    client: Client, corbado: Corbado, robin: User, go: Callable[..., Any], status: int
) -> None:
    response = go(client, corbado.issue_token(robin))
    assert response.status_code == status
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
    if response.request["PATH_INFO"] == REDIRECT or status == 303:
        assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("shown", ["the question", "nothing waiting", "declined"])
def test_an_answer_of_the_confirm_page_is_not_kept(
    client: Client, corbado: Corbado, robin: User, shown: str
) -> None:
    if shown == "the question":
        come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    if shown == "declined":
        response = client.post(CONFIRM, {"decline": "yes"})
    else:
        response = client.get(CONFIRM)
    assert "no-store" in response.headers["Cache-Control"]


def test_the_login_page_is_not_kept(client: Client) -> None:
    """It sets a cookie for one browser, and a magic link may be in its address."""
    assert "no-store" in open_login_page(client).headers["Cache-Control"]


def test_a_sign_out_from_a_page_that_a_link_opened_hides_it(client: Client) -> None:
    response = client.post("/corbado/logout/", headers={"referer": BY_A_LINK})
    assert "corbadoToken=hidden" in response.wsgi_request.META["HTTP_REFERER"]
