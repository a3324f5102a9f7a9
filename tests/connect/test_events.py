"""The event webhook where the site uses Connect, and what is told of passkeys there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from corbado_auth import signals
from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.emulator.connect import users
from corbado_auth.models import ConnectAccount
from corbado_auth.testing import Corbado
from tests.support.connect_login import account_of, asked
from tests.support.events import block, give_connect_passkey, lose_passkey, send
from tests.support.vouching import ours, signed_in_as
from tests.told.test_signals import told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("connect")]

ADA = "ada@example.com"
TOKENS = "/corbado/connect/tokens/"
MakeUser = Callable[..., Any]


@pytest.fixture
def ada(corbado: Corbado, make_user: MakeUser, client: Client) -> Any:
    """Return a local user who has signed in with a passkey."""
    ada = make_user(ADA)
    assert corbado.sign_in_by_connect(client, ada).status_code == 200
    corbado._control.log.clear()
    return ada


def usr_of(user: Any) -> str:
    return account_of(user).corbado_user_id


def token(client: Client, token_type: str) -> None:
    answer = client.post(TOKENS, {"type": token_type}, content_type="application/json")
    assert answer.status_code == 200, answer.content


def test_a_user_who_was_deleted_at_connect_is_unlinked_and_signed_out(
    client: Client, corbado: Corbado, ada: Any
) -> None:
    usr = usr_of(ada)
    ConnectService().delete_user(usr)
    with told(signals.account_unlinked) as received:
        assert send("user.deleted", usr).status_code == 200
    assert [each["sender"] for each in received] == [ConnectAccount]
    assert signed_in_as(client) is None
    assert not ConnectAccount.objects.exists()


def test_the_passkey_event_of_a_user_who_is_gone_may_be_first(
    client: Client, corbado: Corbado, ada: Any
) -> None:
    usr = usr_of(ada)
    ConnectService().delete_user(usr)
    assert send("passkey.deleted", usr).status_code == 200
    assert signed_in_as(client) is None
    assert not ConnectAccount.objects.exists()


def test_a_user_who_was_blocked_is_signed_out(client: Client, corbado: Corbado, ada: Any) -> None:
    block(corbado, usr_of(ada))
    assert send("user.updated", usr_of(ada)).status_code == 200
    assert signed_in_as(client) is None
    assert ConnectAccount.objects.exists()


def test_a_passkey_that_goes_ends_sessions(client: Client, corbado: Corbado, ada: Any) -> None:
    lost = give_connect_passkey(corbado, usr_of(ada), 1)
    with told(signals.passkey_added) as added, told(signals.passkey_removed) as removed:
        send("passkey.created", usr_of(ada), lost)
        lose_passkey(corbado, lost)
        assert signed_in_as(client) is not None
        send("passkey.deleted", usr_of(ada), lost)
    assert [each["passkey_id"] for each in (*added, *removed)] == [lost, lost]
    assert signed_in_as(client) is None


def test_a_person_who_removes_one_on_our_page_stays_signed_in(
    client: Client, corbado: Corbado, ada: Any, settings: Any
) -> None:
    settings.CORBADO_EMAIL_NOTICES = True
    lost = give_connect_passkey(corbado, usr_of(ada), 1)
    send("passkey.created", usr_of(ada), lost)
    token(client, "passkey-delete")
    lose_passkey(corbado, lost)
    send("passkey.deleted", usr_of(ada), lost)
    assert signed_in_as(client) is not None
    assert [message.subject for message in mail.outbox] == [
        "New passkey for testserver",
        "Passkey removed from testserver",
    ]


def test_the_first_passkey_of_a_person_is_told(
    corbado: Corbado, make_user: MakeUser, client: Client
) -> None:
    """Their Corbado user ID is unknown here until they sign in with it."""
    ada = make_user(ADA, password="an old password")
    assert client.login(username=ada.get_username(), password="an old password")
    token(client, "passkey-append")
    at_corbado = users.get_or_create(corbado._control.connect_project, account_of(ada).handle)
    new = give_connect_passkey(corbado, at_corbado.id, 1)
    with told(signals.passkey_added) as received:
        for _ in range(2):
            assert send("passkey.created", at_corbado.id, new).status_code == 200
    assert [each["passkey_id"] for each in received] == [new]
    assert account_of(ada).corbado_user_id == at_corbado.id


def test_a_user_of_another_project_is_unknown(
    corbado: Corbado, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "corbado_auth")
    make_user(ADA)
    other = users.get_or_create(corbado._control.connect_project, "an ID of another site")
    for usr in (other.id, "usr-404"):
        caplog.clear()
        assert send("passkey.created", usr).json() == {"ignored": "unknown_user"}
        assert [each.reason for each in ours(caplog)] == ["unknown_user"]
        assert not ConnectAccount.objects.exists()
    assert asked(corbado) == [f"GET /v2/users/{other.id}", "GET /v2/users/usr-404"]


@pytest.mark.usefixtures("same_minute")
def test_unknown_users_do_not_use_up_the_quota(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corbado_auth.webhooks.events.EventWebhookView.events_per_minute", 3)
    statuses = [send("passkey.created", f"usr-{number}").status_code for number in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert len(asked(corbado)) == 3


def test_what_is_changed_on_our_page_is_told_when_it_is_listed(
    client: Client, corbado: Corbado, ada: Any, settings: Any
) -> None:
    settings.CORBADO_EMAIL_NOTICES = True
    corbado.advance(hours=-1)
    give_connect_passkey(corbado, usr_of(ada), 1)
    corbado.advance(hours=1)
    with told(signals.passkey_added) as added, told(signals.passkey_removed) as removed:
        token(client, "passkey-list")
        assert (added, removed) == ([], [])
        new = give_connect_passkey(corbado, usr_of(ada), 2)
        token(client, "passkey-list")
        lose_passkey(corbado, new)
        token(client, "passkey-list")
    assert [each["passkey_id"] for each in (*added, *removed)] == [new, new]
    assert {each["sender"] for each in (*added, *removed)} == {ConnectAccount}
    assert len(mail.outbox) == 2


def test_a_first_passkey_that_was_just_added_is_told_when_it_is_listed(
    corbado: Corbado, make_user: MakeUser, client: Client
) -> None:
    ada = make_user(ADA, password="an old password")
    client.login(username=ada.get_username(), password="an old password")
    with told(signals.passkey_added) as received:
        token(client, "passkey-list")
        at_corbado = users.get_or_create(corbado._control.connect_project, account_of(ada).handle)
        new = give_connect_passkey(corbado, at_corbado.id, 1)
        for _ in range(2):
            token(client, "passkey-list")
    assert [each["passkey_id"] for each in received] == [new]


@pytest.mark.parametrize("status", [403, 500])
def test_a_key_that_may_not_read_passkeys_breaks_nothing(
    client: Client, corbado: Corbado, ada: Any, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.INFO, "corbado_auth")
    corbado.fail_next("/v2/users/*", status=status)
    token(client, "passkey-list")
    (record,) = ours(caplog)
    assert (record.levelno, record.event) == (logging.INFO, "passkeys_not_compared")
    assert record.corbado_user_id == usr_of(ada)
