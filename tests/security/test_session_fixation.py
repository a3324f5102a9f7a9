"""Session fixation: the attacker knows the session key before the victim signs in.

Mallory plants a session cookie of their own in Robin's browser and waits until Robin signs in with
it. Or Robin's sign-in takes over a session that still holds someone else's data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client

from corbado_auth.testing import Corbado, User
from tests.support.front_door import come_back, open_login_page, sign_in

pytestmark = [pytest.mark.security, pytest.mark.django_db]

CONFIRM = "/corbado/confirm/"


def confirm(client: Client, token: str) -> Any:
    """Sign in by way of the confirm page."""
    come_back(client, token, sec_fetch_site="none")
    return client.post(CONFIRM, {"id": client.get(CONFIRM).context["result"].id})


WAYS = pytest.mark.parametrize("go", [sign_in, confirm], ids=["silent", "confirmed"])


@pytest.fixture
def planted(client: Client) -> SessionStore:
    """A session whose key the attacker knows, in the victim's browser."""
    store = SessionStore()
    store["of"] = "the attacker"
    store.save()
    client.cookies["sessionid"] = store.session_key
    return store


@WAYS
def test_the_planted_key_does_not_open_the_session_that_follows(
    client: Client, corbado: Corbado, robin: User, planted: SessionStore, go: Callable[..., Any]
) -> None:
    go(client, corbado.issue_token(robin))
    assert get_user(client).is_authenticated
    assert client.session.session_key != planted.session_key
    assert not Session.objects.filter(pk=planted.session_key).exists()


@WAYS
def test_a_key_that_is_in_no_row_is_not_taken_over(
    client: Client, corbado: Corbado, robin: User, go: Callable[..., Any]
) -> None:
    client.cookies["sessionid"] = "a" * 32
    go(client, corbado.issue_token(robin))
    assert client.session.session_key != "a" * 32


def test_another_users_session_is_flushed(
    client: Client, corbado: Corbado, robin: User, make_user: Callable[..., Any]
) -> None:
    client.force_login(make_user("kim@example.com"))
    session = client.session
    session["cart"] = "of Kim"
    session.save()
    confirm(client, corbado.issue_token(robin))
    assert get_user(client).is_authenticated
    assert "cart" not in client.session
    assert Session.objects.count() == 1


def test_what_waits_is_in_no_session(client: Client, corbado: Corbado, robin: User) -> None:
    open_login_page(client)
    come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    client.get(CONFIRM)
    assert not Session.objects.exists()


def test_the_planted_session_learns_nothing_of_what_waits(
    client: Client, corbado: Corbado, robin: User, planted: SessionStore
) -> None:
    come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    client.get(CONFIRM)
    assert dict(SessionStore(planted.session_key).items()) == {"of": "the attacker"}
