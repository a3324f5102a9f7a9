"""``login_intent``: what a site does with a sign-in that nobody here asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, override_settings

from corbado_auth.sign_in import pending
from corbado_auth.testing import Corbado, User
from corbado_auth.views import CorbadoRedirectView
from tests.support.front_door import come_back, open_login_page, sign_in

pytestmark = pytest.mark.django_db

CONFIRM = "/corbado/confirm/"


@pytest.fixture
def robin(corbado: Corbado) -> User:
    """A person at Corbado, with a confirmed address."""
    return corbado.add_user("robin@example.com", "Robin Example")


@pytest.fixture
def site_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return the function that gives the redirect view another policy, as a subclass would."""

    def change(**policy: Any) -> None:
        for name, value in policy.items():
            monkeypatch.setattr(CorbadoRedirectView, name, value)

    return change


def test_require_refuses_what_nobody_asked_for(
    client: Client, corbado: Corbado, robin: User, site_with: Callable[..., None]
) -> None:
    site_with(login_intent="require")
    open_login_page(client)
    response = come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    assert response.status_code == 403
    assert pending.cookie.name not in response.cookies


def test_require_lets_through_what_was_asked_for(
    client: Client, corbado: Corbado, robin: User, site_with: Callable[..., None]
) -> None:
    site_with(login_intent="require")
    assert sign_in(client, corbado.issue_token(robin)).status_code == 303


def test_off_signs_in_anyone_with_a_token(
    client: Client, corbado: Corbado, robin: User, site_with: Callable[..., None]
) -> None:
    site_with(login_intent="off")
    response = come_back(client, corbado.issue_token(robin), sec_fetch_site=None, referer=None)
    assert response.url == "/account/"


def test_a_word_that_login_intent_does_not_know_asks_first(
    client: Client, corbado: Corbado, robin: User, site_with: Callable[..., None]
) -> None:
    site_with(login_intent="of")
    assert come_back(client, corbado.issue_token(robin), sec_fetch_site="none").url == CONFIRM


def test_another_site_below_the_host_is_not_in_the_way(
    client: Client, corbado: Corbado, robin: User
) -> None:
    """At universities and in intranets, several Django sites share a host, under a path each."""
    open_login_page(client)
    with override_settings(SECRET_KEY="of the other site"):
        open_login_page(client)
    assert come_back(client, corbado.issue_token(robin)).url == "/account/"
