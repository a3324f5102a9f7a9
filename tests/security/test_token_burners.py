"""Token burners: something opens the Redirect URL before the person does, and the token is gone.

Link previews, virus scanners, prefetch and prerender, or an image, frame or script that a page
loads. None of them may spend the token or make a session, and the click that follows works.
"""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.test import Client

from corbado_auth.testing import Corbado, User
from tests.support.front_door import come_back, open_login_page

pytestmark = [pytest.mark.security, pytest.mark.django_db]

REDIRECT = "/corbado/redirect/"

BURNERS = {
    "Sec-Purpose: prefetch": {"sec_purpose": "prefetch"},
    "Sec-Purpose: prerender": {"sec_purpose": "prefetch;prerender"},
    "Sec-Purpose with a space": {"sec_purpose": "prefetch; anonymous-client-ip"},
    "Sec-Purpose in capitals": {"sec_purpose": "Prefetch;Prerender"},
    "Purpose: prefetch": {"purpose": "prefetch"},
    "Purpose: preview": {"purpose": "preview"},
    "X-Purpose: preview": {"x_purpose": "preview"},
    "X-Moz: prefetch": {"x_moz": "prefetch"},
    "<img>": {"sec_fetch_dest": "image", "sec_fetch_mode": "no-cors"},
    "<iframe>": {"sec_fetch_dest": "iframe"},
    "<embed>": {"sec_fetch_dest": "embed"},
    "<object>": {"sec_fetch_dest": "object"},
    "<frame>": {"sec_fetch_dest": "frame"},
    "<script>": {"sec_fetch_dest": "script", "sec_fetch_mode": "no-cors"},
    "fetch()": {"sec_fetch_dest": "empty", "sec_fetch_mode": "cors"},
    "fetch() same-origin": {"sec_fetch_dest": "empty", "sec_fetch_mode": "same-origin"},
    "fetch() that names no destination": {"sec_fetch_dest": None, "sec_fetch_mode": "cors"},
}


@pytest.mark.parametrize("headers", BURNERS.values(), ids=BURNERS)
def test_what_is_no_top_level_navigation_is_403_and_spends_nothing(
    client: Client, corbado: Corbado, robin: User, headers: dict[str, str | None]
) -> None:
    token = corbado.issue_token(robin)
    open_login_page(client)
    assert come_back(client, token, **headers).status_code == 403
    assert corbado.requests == []
    assert not Session.objects.exists()
    come_back(client, token)
    assert get_user(client).is_authenticated


@pytest.mark.parametrize("method", ["head", "options", "post", "put", "patch", "delete", "trace"])
def test_other_methods_are_405_and_spend_nothing(
    corbado: Corbado, robin: User, method: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    token = corbado.issue_token(robin)
    open_login_page(client)
    send = getattr(client, method)
    response = send(REDIRECT, query_params={"corbadoAuthToken": token})
    assert (response.status_code, response.headers["Allow"]) == (405, "GET")
    assert corbado.requests == []
    come_back(client, token)
    assert get_user(client).is_authenticated


def test_a_mail_scanner_spends_nothing_and_is_shown_where_to_start(
    client: Client, corbado: Corbado, robin: User
) -> None:
    """Programs other than browsers send no Sec-Fetch header, and have no intent cookie."""
    token = corbado.issue_token(robin)
    response = come_back(
        client, token, referer=None, sec_fetch_site=None, sec_fetch_mode=None, sec_fetch_dest=None
    )
    assert response.status_code == 403
    assert b"Please start at our sign-in page" in response.content
    assert corbado.requests == []


def test_a_browser_without_fetch_metadata_signs_in(
    client: Client, corbado: Corbado, robin: User
) -> None:
    open_login_page(client)
    come_back(
        client,
        corbado.issue_token(robin),
        sec_fetch_site=None,
        sec_fetch_mode=None,
        sec_fetch_dest=None,
    )
    assert get_user(client).is_authenticated


def test_a_purpose_of_another_kind_is_let_through(
    client: Client, corbado: Corbado, robin: User
) -> None:
    open_login_page(client)
    come_back(client, corbado.issue_token(robin), purpose="reload", sec_purpose="")
    assert get_user(client).is_authenticated


def test_a_service_worker_may_pass_a_navigation_on(
    client: Client, corbado: Corbado, robin: User
) -> None:
    """``fetch(event.request)`` keeps mode and site, and makes the destination empty."""
    open_login_page(client)
    response = come_back(client, corbado.issue_token(robin), sec_fetch_dest="empty")
    assert response.url == "/account/"
    assert get_user(client).is_authenticated


def test_another_sites_frame_behind_a_service_worker_signs_no_one_in(
    client: Client, corbado: Corbado, robin: User
) -> None:
    open_login_page(client)
    framed = {"sec_fetch_site": "cross-site", "referer": "https://evil.example.org/"}
    come_back(client, corbado.issue_token(robin), sec_fetch_dest="empty", **framed)
    assert not get_user(client).is_authenticated
    assert client.get("/corbado/confirm/").headers["X-Frame-Options"] == "DENY"
