"""A passkey of Connect signs in the user to whom its handle belongs, and nobody else."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.db import connection
from django.test import Client

from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.models import ConnectAccount
from corbado_auth.session import is_recent
from corbado_auth.testing import Corbado
from tests.support.connect_login import ADA, VERIFY, account_of, asked, post

MakeUser = Callable[..., Any]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connect")]


@pytest.mark.matrix
def test_a_passkey_signs_its_owner_in(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    answer = corbado.sign_in_by_connect(client, ada, next="/orders/?page=2")
    assert (answer.status_code, answer.json()) == (200, {"next": "/orders/?page=2"})
    assert get_user(client) == ada
    account = account_of(ada)
    assert account.sign_in_count == 1
    assert account.first_sign_in_at == account.last_sign_in_at != None  # noqa: E711
    assert account.corbado_user_id.startswith("usr-")


def test_corbado_is_asked_once_and_told_the_handle_from_the_data(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    data = corbado.connect_data(ada)
    corbado.post_connect_data(client, data)
    (call,) = corbado.requests
    assert (call.method, call.path) == ("POST", VERIFY)
    assert call.body["username"] == account_of(ada).handle
    assert set(call.body) == {"signedPasskeyData", "username"}


def test_the_session_gets_a_new_key_and_is_recent(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    client.session["basket"] = "full"
    session = client.session
    session["basket"] = "full"
    session.save()
    client.cookies["sessionid"] = session.session_key
    answer = corbado.sign_in_by_connect(client, make_user(ADA))
    assert client.session.session_key != session.session_key
    assert client.session["basket"] == "full"
    assert is_recent(answer.wsgi_request, 5)


def test_an_impersonator_stays_one(
    corbado: Corbado, client: Client, make_user: MakeUser, connect: Any
) -> None:
    connect.CORBADO_IS_IMPERSONATING = "builtins.bool"
    answer = corbado.sign_in_by_connect(client, make_user(ADA))
    assert (answer.status_code, answer.json()["error"]) == (403, "impersonating")
    assert not get_user(client).is_authenticated


def test_another_users_session_ends(corbado: Corbado, client: Client, make_user: MakeUser) -> None:
    bob, ada = make_user("bob@example.com"), make_user(ADA)
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session["basket"] = "bob's"
    session.save()
    assert corbado.sign_in_by_connect(client, ada).status_code == 200
    assert get_user(client) == ada
    assert "basket" not in client.session


def test_a_signed_in_user_stays_so_and_becomes_recent(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    corbado.sign_in_by_connect(client, ada)
    answer = corbado.sign_in_by_connect(client, ada)
    assert answer.status_code == 200
    assert get_user(client) == ada
    assert is_recent(answer.wsgi_request, 5)


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/corbado/redirect/", 7],
)
def test_next_leads_nowhere_else(
    corbado: Corbado, client: Client, make_user: MakeUser, wanted: Any
) -> None:
    data = corbado.connect_data(make_user(ADA))
    answer = post(client, {"signedPasskeyData": data, "next": wanted})
    assert answer.json() == {"next": "/account/"}


# Nobody gets in --------------------------------------------------------------------------------


def test_data_is_good_once(corbado: Corbado, client: Client, make_user: MakeUser) -> None:
    data = corbado.connect_data(make_user(ADA))
    assert corbado.post_connect_data(client, data).status_code == 200
    again = corbado.post_connect_data(Client(), data)
    assert (again.status_code, again.json()["error"]) == (401, "not_verified")


@pytest.mark.matrix
def test_the_handle_decides_and_neither_sub_nor_address(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    ada, bob = make_user(ADA), make_user("bob@example.com")
    corbado.sign_in_by_connect(Client(), bob)
    data = corbado.connect_data(ada, sub=account_of(bob).corbado_user_id, username=bob.email)
    assert corbado.post_connect_data(client, data).status_code == 200
    assert get_user(client) == ada


def test_a_handle_that_was_written_in_by_hand_is_refused(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    """The payload is read before it is verified: Corbado sees the forgery by the signature."""
    ada, mallory = make_user(ADA), make_user("mallory@example.com")
    header, payload, signature = corbado.connect_data(mallory).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    claims["webauthnId"] = ConnectAccount.objects.get_or_link(ada).handle
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    answer = corbado.post_connect_data(client, f"{header}.{forged}.{signature}")
    assert (answer.status_code, answer.json()["error"]) == (401, "not_verified")
    assert not get_user(client).is_authenticated


@pytest.mark.matrix
def test_an_unknown_handle_is_refused(
    corbado: Corbado, client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    answer = corbado.post_connect_data(client, corbado.connect_data("0" * 32))
    assert (answer.status_code, answer.json()["error"]) == (403, "refused")
    assert "unknown_handle" in caplog.text


def test_a_deleted_user_is_refused(corbado: Corbado, client: Client, make_user: MakeUser) -> None:
    ada = make_user(ADA)
    data = corbado.connect_data(ada)
    ada.delete()
    assert corbado.post_connect_data(client, data).json()["error"] == "refused"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"is_active": False}, "inactive_user"),
        ({"is_staff": True}, "staff_user"),
        ({"is_superuser": True}, "staff_user"),
    ],
)
def test_inactive_and_staff_are_refused(
    corbado: Corbado,
    client: Client,
    make_user: MakeUser,
    fields: dict[str, bool],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ada = make_user(ADA, **fields)
    answer = corbado.sign_in_by_connect(client, ada)
    assert (answer.status_code, answer.json()["error"]) == (403, "refused")
    assert reason in caplog.text
    assert account_of(ada).sign_in_count == 0


def test_link_staff_lets_staff_in(
    corbado: Corbado, client: Client, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corbado_auth.backends.CorbadoBackend.link_staff", True)
    assert corbado.sign_in_by_connect(client, make_user(ADA, is_staff=True)).status_code == 200


# CSRF, caches, logs ----------------------------------------------------------------------------


@pytest.mark.parametrize("middleware", [True, False])
def test_another_sites_post_is_refused_for_visitors_too(
    corbado: Corbado, make_user: MakeUser, connect: Any, middleware: bool
) -> None:
    """Login CSRF: someone else's page must not sign its visitors in as its owner."""
    if not middleware:
        without = [each for each in connect.MIDDLEWARE if "Csrf" not in each]
        connect.MIDDLEWARE = without
    client = Client(enforce_csrf_checks=True)
    data = corbado.connect_data(make_user(ADA))
    answer = post(client, {"signedPasskeyData": data})
    assert (answer.status_code, answer.json()["error"]) == (403, "csrf")
    assert asked(corbado) == []
    assert corbado.post_connect_data(client, data).status_code == 200


def test_the_csrf_token_changes_with_the_session(
    corbado: Corbado, make_user: MakeUser, connect: Any
) -> None:
    connect.MIDDLEWARE = [each for each in connect.MIDDLEWARE if "Csrf" not in each]
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32
    corbado.sign_in_by_connect(client, make_user(ADA))
    assert client.cookies["csrftoken"].value != "a" * 32


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_corbado_is_asked(
    corbado: Corbado, client: Client, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, found = make_user(ADA), []
    verify = ConnectService.verify_signed_data

    def look(service: ConnectService, *args: str) -> None:
        found.append(connection.in_atomic_block)
        verify(service, *args)

    monkeypatch.setattr(ConnectService, "verify_signed_data", look)
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert corbado.sign_in_by_connect(client, ada).status_code == 200
    assert found == [False]


@pytest.mark.parametrize("good", [True, False])
def test_no_answer_is_cached(
    corbado: Corbado, client: Client, make_user: MakeUser, good: bool
) -> None:
    data = corbado.connect_data(make_user(ADA)) if good else "x"
    answer = corbado.post_connect_data(client, data)
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Type"] == "application/json"


def test_the_data_is_in_no_log_and_no_error_report(
    corbado: Corbado, client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    data = corbado.connect_data(make_user(ADA))
    corbado.post_connect_data(client, data)
    corbado.post_connect_data(client, data)
    assert "Sign-in failed" in caplog.text
    assert data.split(".")[2] not in caplog.text
