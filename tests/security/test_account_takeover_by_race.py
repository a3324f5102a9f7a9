"""Account take-over by signing in at the same moment (CVE-2025-61783).

The attack: a sign-in that could not create a user, because someone else was faster, then looks for
"the" user by name or address and signs in the one it finds. An attacker takes the victim's future
user name, or comes at the same moment with the same address, and one of the two gets the other's
account. So the loser of a race reads the account row of the same Corbado user again, and nothing
else; and two people who bring one address at once never become two users.

A lost race is simulated by letting the first look at the database find nobody; on PostgreSQL,
sixteen threads really race.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.db import connections
from django.test import Client

from corbado_auth.backends import CorbadoBackend
from corbado_auth.counting import count_now
from corbado_auth.identity import CorbadoUser
from corbado_auth.mapping import Mapping
from corbado_auth.models import CorbadoAccount
from tests.support.vouching import assert_refused, come_as, corbado_user, only_user, signed_in_as

pytestmark = pytest.mark.security

MakeUser = Callable[..., Any]
ADA = "ada@example.com"
MANY = 16


@pytest.fixture
def look_too_early(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return the function that lets the next sign-in see nobody at its first look."""

    def look(*names: str) -> None:
        for name in names:
            owner = Mapping if hasattr(Mapping, name) else CorbadoBackend
            monkeypatch.setattr(owner, name, _blind_once(getattr(owner, name)))

    return look


def _blind_once(look: Any) -> Any:
    looks = count()

    def early(*args: Any) -> Any:
        return look(*args) if next(looks) else None

    return early


def _people(*ids: str) -> list[CorbadoUser]:
    return [corbado_user(ADA, id=id) for id in ids]


def _at_once(people: list[CorbadoUser]) -> list[Any]:
    """Let everyone sign in at the same moment; return who each of them is here, or None."""
    start = Barrier(len(people))

    def sign_in(person: CorbadoUser) -> Any:
        try:
            start.wait(timeout=30)
            user = authenticate(None, corbado_user=person)
            if user is not None:
                count_now(user)  # As login() does.
            return user
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(sign_in, people))


# The same person, twice ------------------------------------------------------------------


@pytest.mark.matrix
@pytest.mark.django_db
@pytest.mark.parametrize("more", [[], [("ada@example.org", "pending")]], ids=["one", "pending"])
def test_the_loser_is_the_user_that_the_winner_created(
    client: Client, look_too_early: Any, more: list[Any]
) -> None:
    come_as(Client(), ADA, *more)
    look_too_early("_account", "match_user")
    come_as(client, ADA, *more)
    assert signed_in_as(client) == str(only_user().pk)
    assert CorbadoAccount.objects.get().sign_in_count == 2


@pytest.mark.matrix
@pytest.mark.django_db
def test_the_loser_is_the_user_that_the_winner_linked(
    client: Client, make_user: MakeUser, look_too_early: Any
) -> None:
    ada = make_user(ADA)
    come_as(Client(), ADA)
    look_too_early("_account")
    come_as(client, ADA)
    assert signed_in_as(client) == str(ada.pk)
    assert CorbadoAccount.objects.get().sign_in_count == 2


@pytest.mark.django_db
def test_a_loser_whose_winner_was_banned_meanwhile_is_refused(
    client: Client, look_too_early: Any, caplog: pytest.LogCaptureFixture
) -> None:
    come_as(client, ADA)
    client.post("/corbado/logout/")
    get_user_model()._default_manager.update(is_active=False)
    look_too_early("_account", "match_user")
    assert_refused(come_as(client, ADA), caplog, "inactive_user")


# Another person ---------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("name", [ADA, "ADA@example.com"], ids=["same", "other case"])
def test_an_attacker_who_took_the_user_name_is_not_signed_in(
    client: Client, make_user: MakeUser, name: str
) -> None:
    attacker = make_user("attacker@example.org", username=name, password="known")
    come_as(client, ADA)
    ada = CorbadoAccount.objects.get().user
    assert signed_in_as(client) == str(ada.pk) != str(attacker.pk)
    # The database decides whether names that differ only in case are the same.
    assert ada.get_username() in {f"{ADA}-2", *({ADA} - {name})}


@pytest.mark.django_db
def test_an_attacker_who_takes_the_user_name_meanwhile_is_not_signed_in(
    client: Client, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    attacker = make_user("attacker@example.org", username=ADA, password="known")
    # Their own name is not looked up, but refused by the database.
    monkeypatch.setattr("corbado_auth.new_users._unused", lambda *args: "another-name")
    come_as(client, ADA)
    ada = CorbadoAccount.objects.get().user
    assert signed_in_as(client) == str(ada.pk) != str(attacker.pk)
    assert ada.get_username() == "another-name"


@pytest.mark.matrix
@pytest.mark.django_db
@pytest.mark.parametrize("address", [ADA, "ADA@Example.com"], ids=["same", "other case"])
def test_two_people_with_one_address_never_become_two_users(
    client: Client, look_too_early: Any, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    come_as(client, ADA, id="usr-1")
    client.post("/corbado/logout/")
    look_too_early("match_user")
    assert_refused(come_as(client, address, id="usr-2"), caplog, "already_linked", "usr-2")
    assert CorbadoAccount.objects.get(user=only_user()).corbado_user_id == "usr-1"


@pytest.mark.django_db
def test_an_account_that_an_admin_deletes_meanwhile_signs_no_one_in(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    come_as(client, ADA)
    client.post("/corbado/logout/")
    account = CorbadoAccount.objects.select_related("user").get()
    CorbadoAccount.objects.all().delete()
    monkeypatch.setattr(Mapping, "_account", lambda *args: account)
    assert_refused(come_as(client, ADA), caplog, "account_gone")


# For real -----------------------------------------------------------------------------------

NUMBERED = [f"usr-{n}" for n in range(MANY)]


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
def test_one_new_person_at_once_is_one_user() -> None:
    users = _at_once(_people(*["usr-1"] * MANY))
    assert users == [only_user()] * MANY
    assert CorbadoAccount.objects.get().sign_in_count == MANY


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
def test_one_existing_person_at_once_is_one_account(make_user: MakeUser) -> None:
    ada = make_user(ADA)
    assert _at_once(_people(*["usr-1"] * MANY)) == [ada] * MANY
    assert CorbadoAccount.objects.get().sign_in_count == MANY


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
def test_many_people_with_one_address_at_once_are_one_new_user() -> None:
    users = _at_once(_people(*NUMBERED))
    assert [user for user in users if user] == [only_user()]
    assert CorbadoAccount.objects.count() == 1


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
def test_many_people_with_the_address_of_an_existing_user_share_nothing(
    make_user: MakeUser,
) -> None:
    ada = make_user(ADA)
    users = _at_once(_people(*NUMBERED))
    assert [user for user in users if user] == [ada]
    assert CorbadoAccount.objects.count() == 1


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
def test_many_people_with_an_address_that_was_given_up_are_one_new_user() -> None:
    first = authenticate(None, corbado_user=corbado_user(ADA, id="usr-first"))
    get_user_model()._default_manager.update(email="new@example.com")
    users = _at_once(_people(*NUMBERED))
    (newcomer,) = [user for user in users if user]
    assert newcomer != first
    assert get_user_model()._default_manager.count() == CorbadoAccount.objects.count() == 2
