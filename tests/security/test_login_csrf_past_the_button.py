"""Login CSRF, past the confirm page: its POST without a click on the button that named Mallory.

The verified result waits in a signed cookie. Mallory may put their own there (another tab, a
sub-domain), have their own form sent, or hope that an earlier result still counts. The answer:
Django's CSRF check, the ID of the page that was shown, Sec-Fetch-Site, and a result that dies with
every sign-in or sign-out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from corbado_auth.sign_in import pending
from corbado_auth.testing import Corbado, User
from tests.support.front_door import come_back

pytestmark = [pytest.mark.security, pytest.mark.django_db]

CONFIRM = "/corbado/confirm/"


def not_signed_in(client: Client) -> bool:
    """Tell that there is no session at all, in the browser or in the database."""
    return "sessionid" not in client.cookies and not Session.objects.exists()


def test_a_button_signs_in_only_the_person_of_its_own_page(
    client: Client, corbado: Corbado, mallory: User, robin: User
) -> None:
    come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    shown = client.get(CONFIRM).context["result"].id
    come_back(client, corbado.issue_token(mallory), sec_fetch_site="none")
    response = client.post(CONFIRM, {"id": shown})
    assert response.status_code == 409
    assert "mallory@example.org" in response.content.decode()
    assert not_signed_in(client)


@pytest.mark.parametrize("id", ["", "x", "ä"], ids=["none", "another", "not ASCII"])
def test_a_post_without_the_id_of_the_page_asks_again(
    client: Client, corbado: Corbado, mallory: User, id: str
) -> None:
    come_back(client, corbado.issue_token(mallory), sec_fetch_site="none")
    assert client.post(CONFIRM, {"id": id}).status_code == 409
    assert not_signed_in(client)


def test_the_button_needs_djangos_csrf_token(corbado: Corbado, mallory: User) -> None:
    client = Client(enforce_csrf_checks=True)
    come_back(client, corbado.issue_token(mallory), sec_fetch_site="none")
    shown = client.get(CONFIRM).context["result"].id
    assert client.post(CONFIRM, {"id": shown}).status_code == 403
    assert not_signed_in(client)


def test_the_button_needs_djangos_csrf_token_without_the_middleware_too(
    corbado: Corbado, mallory: User, settings: Any
) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name]
    test_the_button_needs_djangos_csrf_token(corbado, mallory)


@pytest.mark.parametrize("site", ["same-site", "cross-site", "none"])
def test_a_post_from_a_trusted_sub_domain_is_no_click(
    client: Client, corbado: Corbado, mallory: User, site: str
) -> None:
    """With CSRF_TRUSTED_ORIGINS = ["https://*.example.com"] and cookies that a sub-domain planted,
    Django's check alone would let it pass."""
    come_back(client, corbado.issue_token(mallory), sec_fetch_site="none")
    shown = client.get(CONFIRM).context["result"].id
    response = client.post(CONFIRM, {"id": shown}, headers={"sec-fetch-site": site})
    assert response.status_code == 403
    assert "mallory@example.org" in response.content.decode()
    assert not_signed_in(client)


@pytest.mark.parametrize("change", ["sign-in", "sign-out"])
def test_a_sign_in_or_out_voids_what_waits(
    client: Client, corbado: Corbado, mallory: User, make_user: Callable[..., Any], change: str
) -> None:
    user = make_user("robin@example.com")
    if change == "sign-out":
        client.force_login(user)
    come_back(client, corbado.issue_token(mallory), sec_fetch_site="none")
    shown = client.get(CONFIRM).context["result"].id
    if change == "sign-out":
        client.logout()
    else:
        client.force_login(user)
    assert client.post(CONFIRM, {"id": shown}).status_code == 400


def test_our_sign_out_drops_what_waits(client: Client, corbado: Corbado, mallory: User) -> None:
    come_back(client, corbado.issue_token(mallory), sec_fetch_site="none")
    client.post("/corbado/logout/")
    assert client.cookies[pending.cookie.name].value == ""


def test_the_confirm_page_keeps_the_origin_of_its_form_whatever_the_sites_policy_is(
    client: Client, corbado: Corbado, robin: User, settings: Any
) -> None:
    settings.SECURE_REFERRER_POLICY = "no-referrer"
    come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    assert client.get(CONFIRM).headers["Referrer-Policy"] == "same-origin"
