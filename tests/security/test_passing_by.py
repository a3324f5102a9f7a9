"""Passing by: credentials meant for others, and people who may no longer sign in.

The attacks: a password, another backend's credentials, or something that merely looks like a
Corbado user must not be taken for one, and must not make our backend raise, which would end every
other way to sign in (Django asks all backends in turn). And a user whom the site has made inactive
must not get as far as ``login()``, nor stay when it happens while they are signed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from pytest_django import Settings

from corbado_auth.backends import CorbadoBackend
from corbado_auth.models import CorbadoAccount
from tests.support.vouching import come_as, corbado_user, only_user, ours, signed_in_as

pytestmark = [pytest.mark.security, pytest.mark.django_db, pytest.mark.matrix]

MakeUser = Callable[..., Any]
ADA = "ada@example.com"
OURS = "tests.support.backends.AnsweredBackend"
CREDENTIALS = [
    pytest.param({}, id="none"),
    pytest.param({"username": ADA, "password": "right"}, id="password"),
    pytest.param({"username": None, "password": None}, id="empty password"),
    pytest.param({"email": ADA, "password": "right"}, id="email and password"),
    pytest.param({"remote_user": ADA}, id="remote user"),
    pytest.param({"token": "0" * 64}, id="token"),
    pytest.param({"sesame": "link", "scope": "", "max_age": None}, id="magic link"),
    pytest.param({"corbado_user": None}, id="no Corbado user"),
    pytest.param({"corbado_user": "usr-1001"}, id="an ID"),
    pytest.param({"corbado_user": {"id": "usr-1001"}}, id="a dictionary"),
    pytest.param({"corbado_user": SimpleNamespace(id="usr-1001", is_gone=False)}, id="a twin"),
    pytest.param({"corbado_user": corbado_user(ADA), "password": "right"}, id="both"),
]
REQUESTS = pytest.mark.parametrize(
    "request_", [None, RequestFactory().get("/")], ids=["no request", "request"]
)


@pytest.fixture
def logged_in() -> Iterator[list[Any]]:
    """Collect who was signed in."""
    users: list[Any] = []

    def receiver(user: Any, **told: Any) -> None:
        users.append(user)

    user_logged_in.connect(receiver)
    yield users
    user_logged_in.disconnect(receiver)


@REQUESTS
@pytest.mark.parametrize("credentials", CREDENTIALS)
def test_other_credentials_are_not_ours(
    make_user: MakeUser,
    django_assert_num_queries: Any,
    caplog: pytest.LogCaptureFixture,
    request_: Any,
    credentials: dict[str, Any],
) -> None:
    make_user(ADA, password="right")
    with django_assert_num_queries(0):
        assert CorbadoBackend().authenticate(request_, **credentials) is None
        assert async_to_sync(CorbadoBackend().aauthenticate)(request_, **credentials) is None
    assert ours(caplog) == []


@REQUESTS
@pytest.mark.parametrize("credentials", CREDENTIALS)
def test_django_gets_no_user_from_us_for_other_credentials(
    make_user: MakeUser, settings: Settings, request_: Any, credentials: dict[str, Any]
) -> None:
    settings.AUTHENTICATION_BACKENDS = [OURS]
    make_user(ADA, password="right")
    assert authenticate(request_, **credentials) is None


def test_a_password_still_works_beside_us(client: Client, make_user: MakeUser) -> None:
    ada = make_user(ADA, password="right")
    assert client.login(username=ADA, password="right")
    assert signed_in_as(client) == str(ada.pk)


def test_an_inactive_user_is_refused_before_login(
    client: Client, make_user: MakeUser, logged_in: list[Any], settings: Settings
) -> None:
    make_user(ADA, is_active=False)
    come_as(client, ADA)
    assert not Session.objects.exists()
    assert settings.SESSION_COOKIE_NAME not in client.cookies
    assert only_user().last_login is None
    assert logged_in == []


def test_a_linked_user_who_was_made_inactive_is_refused_before_login(
    make_user: MakeUser, logged_in: list[Any]
) -> None:
    user = make_user(ADA, is_active=False)
    CorbadoAccount.objects.create(
        user=user, project_id="pro-1234567890", corbado_user_id="usr-1001"
    )
    come_as(Client(), ADA)
    assert not Session.objects.exists()
    assert only_user().last_login is None
    assert logged_in == []


def test_a_user_made_inactive_is_out_at_the_next_request(client: Client) -> None:
    come_as(client, ADA)
    assert signed_in_as(client)
    get_user_model()._default_manager.update(is_active=False)
    assert signed_in_as(client) is None


def test_a_user_who_was_deleted_is_out_at_the_next_request(client: Client) -> None:
    come_as(client, ADA)
    only_user().delete()
    assert signed_in_as(client) is None
    assert not CorbadoAccount.objects.exists()


def test_a_session_ends_when_the_backend_is_taken_out(client: Client, settings: Settings) -> None:
    come_as(client, ADA)
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    assert signed_in_as(client) is None
