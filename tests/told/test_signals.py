"""What receivers and structured logs are told of sign-ins, refusals and links."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.dispatch import Signal
from django.test import Client

from corbado_auth import signals
from corbado_auth.exceptions import SignInRefused
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.vouching import ours

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada@example.com"
MakeUser = Callable[..., Any]


@contextmanager
def told(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    """Collect what a signal tells its receivers."""
    received: list[dict[str, Any]] = []

    def receiver(**arguments: Any) -> None:
        received.append(arguments)

    signal.connect(receiver)
    try:
        yield received
    finally:
        signal.disconnect(receiver)


def test_a_refusal_is_told_with_its_reason(
    client: Client, corbado: Corbado, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA, is_active=False)
    person = corbado.add_user(ADA)
    with told(signals.sign_in_refused) as received:
        assert corbado.sign_in(client, person).status_code == 403
    (arguments,) = received
    assert arguments["sender"] is SignInRefused
    assert arguments["reason"] == "inactive_user"
    assert arguments["corbado_user_id"] == person.id
    assert arguments["request"].path == "/corbado/redirect/"
    (record,) = [each for each in ours(caplog) if each.levelno == logging.WARNING]
    assert (record.event, record.reason) == ("sign_in_refused", "inactive_user")
    assert record.corbado_user_id == person.id
    assert ADA not in caplog.text


def test_a_receiver_that_raises_changes_no_answer(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, is_active=False)

    def receiver(**_arguments: Any) -> None:
        raise RuntimeError("broken receiver")

    signals.sign_in_refused.connect(receiver)
    try:
        assert corbado.sign_in(client, corbado.add_user(ADA)).status_code == 403
    finally:
        signals.sign_in_refused.disconnect(receiver)


@pytest.mark.parametrize("is_user_deleted", [False, True], ids=["unlinked", "user deleted"])
def test_unlinking_is_told_after_the_commit(
    client: Client,
    corbado: Corbado,
    make_user: MakeUser,
    caplog: pytest.LogCaptureFixture,
    is_user_deleted: bool,
) -> None:
    user = make_user(ADA)
    person = corbado.add_user(ADA)
    corbado.sign_in(client, person)
    caplog.set_level(logging.INFO, "corbado_auth")
    with told(signals.account_unlinked) as received:
        (user if is_user_deleted else CorbadoAccount.objects.get()).delete()
    (arguments,) = received
    assert arguments["sender"] is CorbadoAccount
    assert arguments["account"].corbado_user_id == person.id
    assert arguments["is_user_deleted"] is is_user_deleted
    (record,) = [each for each in ours(caplog) if each.event == "account_unlinked"]
    assert record.corbado_user_id == person.id


def test_a_sign_in_and_a_link_are_records_with_extras(
    client: Client, corbado: Corbado, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "corbado_auth")
    make_user(ADA)
    person = corbado.add_user(ADA)
    corbado.sign_in(client, person)
    found = [(each.event, each.corbado_user_id) for each in ours(caplog)]
    assert sorted(found) == [("account_linked", person.id), ("signed_in", person.id)]
    assert ADA not in caplog.text


def test_a_token_that_is_used_up_is_a_record_with_its_reason(
    client: Client, corbado: Corbado, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "corbado_auth")
    corbado.fail_next("/v1/authTokens/validate", status=404)
    corbado.sign_in(client, corbado.add_user(ADA))
    assert [(each.event, each.reason) for each in ours(caplog)] == [
        ("sign_in_failed", "invalid_token")
    ]
