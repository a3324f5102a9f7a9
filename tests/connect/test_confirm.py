"""A passkey of Connect confirms who is signed in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.test import Client

from corbado_auth.session import is_recent
from corbado_auth.testing import Corbado
from tests.support.connect_login import ADA, asked, confirm, grow_old

MakeUser = Callable[..., Any]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connect")]


def test_an_own_passkey_makes_the_session_recent(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    corbado.sign_in_by_connect(client, ada)
    grow_old(client)
    answer = confirm(client, corbado.connect_data(ada))
    assert (answer.status_code, answer.json()) == (200, {"next": "/account/"})
    assert is_recent(answer.wsgi_request, 5)


def test_another_users_passkey_is_refused_and_changes_nothing(
    corbado: Corbado, client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ada, bob = make_user(ADA), make_user("bob@example.com")
    corbado.sign_in_by_connect(client, ada)
    grow_old(client)
    answer = confirm(client, corbado.connect_data(bob))
    assert (answer.status_code, answer.json()["error"]) == (401, "not_verified")
    assert "user_mismatch" in caplog.text
    assert get_user(client) == ada
    assert not is_recent(answer.wsgi_request, 60)


def test_a_visitor_without_a_session_cannot_confirm(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    answer = confirm(client, corbado.connect_data(make_user(ADA)))
    assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")
    assert asked(corbado) == []


def test_a_user_who_never_had_a_passkey_confirms_nothing(
    corbado: Corbado, client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    ada, bob = make_user(ADA), make_user("bob@example.com")
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    answer = confirm(client, corbado.connect_data(bob))
    assert (answer.status_code, answer.json()["error"]) == (403, "refused")
    assert answer.json()["message"].endswith("Use your password.")
    assert "Sign-in refused: no_account" in caplog.text
    assert asked(corbado) == []
    assert get_user(client) == ada


def test_the_page_names_the_user_and_the_other_way(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    page = "/corbado/connect/confirm/?next=/orders/"
    assert client.get(page).status_code == 302
    corbado.sign_in_by_connect(client, ada := make_user(ADA))
    text = client.get(page).content.decode()
    assert ada.get_username() in text
    assert 'data-confirm="yes"' in text
    assert 'data-next="/orders/"' in text
    assert "/corbado/step-up/?next=%2Forders%2F" in text
