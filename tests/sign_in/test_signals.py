"""``account_linked`` is sent once the two users have been linked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import connection
from django.dispatch import Signal
from django.test import Client

from corbado_auth.backends import CorbadoBackend
from corbado_auth.models import CorbadoAccount
from corbado_auth.signals import account_linked
from tests.support.vouching import come_as, corbado_user, only_user, signed_in_as

pytestmark = pytest.mark.django_db(transaction=True)

MakeUser = Callable[..., Any]
Heard = list[dict[str, Any]]
ADA = "ada@example.com"


class Clumsy(CorbadoBackend):
    def configure_user(self, *args: Any) -> Any:
        raise RuntimeError("the site's own code fails")


@pytest.fixture
def listen() -> Iterator[Callable[[Signal], Heard]]:
    """Return the function that collects what a signal tells."""
    connected: list[tuple[Signal, Any]] = []

    def listen(signal: Signal) -> Heard:
        heard: Heard = []

        def receiver(**told: Any) -> None:
            heard.append(told | {"in_transaction": connection.in_atomic_block})

        signal.connect(receiver, weak=False)
        connected.append((signal, receiver))
        return heard

    yield listen
    for signal, receiver in connected:
        signal.disconnect(receiver)


@pytest.fixture
def broken_receiver() -> Iterator[None]:
    """Connect a receiver that raises."""

    def receiver(**told: Any) -> None:
        raise RuntimeError("the receiver fails")

    account_linked.connect(receiver)
    yield
    account_linked.disconnect(receiver)


def test_a_new_user_is_told_as_created(client: Client, listen: Any) -> None:
    heard = listen(account_linked)
    come_as(client, ADA)
    (told,) = heard
    assert told["sender"] is CorbadoAccount
    assert told["account"] == CorbadoAccount.objects.get()
    assert told["account"].user == only_user()
    assert told["created"] is True
    assert told["request"].path == "/corbado/redirect/"


def test_an_existing_user_is_told_as_not_created(
    client: Client, listen: Any, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    heard = listen(account_linked)
    come_as(client, ADA)
    (told,) = heard
    assert (told["account"].user, told["created"]) == (ada, False)


def test_a_returning_person_is_not_told_again(client: Client, listen: Any) -> None:
    come_as(client, ADA)
    heard = listen(account_linked)
    come_as(Client(), ADA)
    assert heard == []


def test_it_is_told_after_the_transaction(client: Client, listen: Any) -> None:
    heard = listen(account_linked)
    come_as(client, ADA)
    assert [told["in_transaction"] for told in heard] == [False]


def test_nothing_is_told_of_what_was_rolled_back(
    client: Client, listen: Any, settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.Clumsy"]
    heard = listen(account_linked)
    with pytest.raises(RuntimeError):
        come_as(client, ADA)
    assert heard == []


def test_the_request_may_be_none(listen: Any) -> None:
    heard = listen(account_linked)
    authenticate(None, corbado_user=corbado_user(ADA))
    assert [told["request"] for told in heard] == [None]


def test_a_receiver_that_raises_breaks_no_sign_in(
    client: Client, broken_receiver: None, caplog: pytest.LogCaptureFixture
) -> None:
    come_as(client, ADA)
    assert signed_in_as(client) == str(only_user().pk)
    assert "RuntimeError: the receiver fails" in caplog.text


def test_a_receiver_that_raises_keeps_nothing_from_the_others(
    client: Client, broken_receiver: None, listen: Any
) -> None:
    heard = listen(account_linked)
    come_as(client, ADA)
    assert len(heard) == 1


def test_sign_ins_are_told_by_djangos_own_signal(client: Client, listen: Any) -> None:
    heard = listen(user_logged_in)
    come_as(client, ADA)
    assert [told["user"] for told in heard] == [only_user()]


def test_refusals_are_told_by_djangos_own_signal(client: Client, listen: Any) -> None:
    heard = listen(user_login_failed)
    come_as(client, ADA, status="deleted")
    (told,) = heard
    assert told["credentials"]["corbado_user"].id == "usr-1001"
    assert told["request"].path == "/corbado/redirect/"
    assert "@" not in repr(told["credentials"])
