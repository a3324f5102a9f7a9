"""What a new local user is called, and which address they get."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from corbado_auth.backends import CorbadoBackend
from corbado_auth.identity import CorbadoUser
from corbado_auth.models import CorbadoAccount
from tests.support.backends import KnownPeopleBackend, NoMatchingBackend
from tests.support.vouching import come_as, only_user, signed_in_as

MakeUser = Callable[..., Any]
ADA = "ada@example.com"

pytestmark = pytest.mark.django_db


# What a new user is called ------------------------------------------------------------------


class ByName(CorbadoBackend):
    new_username = "name"


class ByCorbadoID(CorbadoBackend):
    new_username = "corbado_id"


class ByHook(CorbadoBackend):
    def username_for(self, corbado_user: CorbadoUser) -> str:
        return f"customer-{len(corbado_user.full_name)}"


@pytest.mark.parametrize(
    ("backend", "name"),
    [(ByName, "ada-example"), (ByCorbadoID, "usr-1001"), (ByHook, "customer-11")],
)
def test_a_site_says_what_a_new_user_is_called(
    client: Client, use_backend: Any, backend: type[CorbadoBackend], name: str
) -> None:
    use_backend(backend)
    come_as(client, ADA, full_name="Ada Example")
    assert only_user().username == name


@pytest.mark.parametrize("backend", [ByName, KnownPeopleBackend], ids=["no name", "no address"])
def test_who_has_no_name_gets_a_neutral_one(
    client: Client, use_backend: Any, monkeypatch: pytest.MonkeyPatch, backend: Any
) -> None:
    monkeypatch.setattr(KnownPeopleBackend, "create_unknown_user", True)
    use_backend(backend)
    come_as(client, (ADA, "pending"), full_name="")
    assert only_user().username.startswith("user-")
    assert "usr-" not in only_user().username


def test_a_name_that_is_taken_gets_a_number(use_backend: Any, make_user: MakeUser) -> None:
    use_backend(ByName)
    make_user("one@example.com", username="Ada-Example")
    make_user("two@example.com", username="ada-example-2")
    make_user("three@example.com", username="ada-example-of-another-house")
    come_as(Client(), ADA, full_name="Ada Example")
    assert get_user_model()._default_manager.get(email=ADA).username == "ada-example-3"


@pytest.mark.parametrize("backend", [CorbadoBackend, NoMatchingBackend])
def test_an_address_that_is_a_taken_user_name_gets_a_number(
    use_backend: Any, make_user: MakeUser, backend: type[CorbadoBackend]
) -> None:
    use_backend(backend)
    make_user("one@example.com", username=ADA)
    make_user("two@example.com", username="Ada@Example.com-2")
    client = Client()
    assert come_as(client, ADA).status_code == 303
    ada = CorbadoAccount.objects.get().user
    assert ada.username == "ada@example.com-3"
    assert signed_in_as(client) == str(ada.pk)


def test_a_corbado_id_that_is_a_taken_user_name_gets_a_number(
    use_backend: Any, make_user: MakeUser
) -> None:
    use_backend(ByCorbadoID)
    make_user("one@example.com", username="usr-1001")
    come_as(Client(), ADA)
    assert CorbadoAccount.objects.get().user.username == "usr-1001-2"


def test_a_name_that_is_too_long_is_not_cut(client: Client) -> None:
    address = f"{'a' * 150}@example.com"
    come_as(client, address)
    assert only_user().email == address
    assert only_user().username.startswith("user-")


# An address that was confirmed later --------------------------------------------------------


def test_an_empty_address_is_filled_in_once_it_is_confirmed(client: Client) -> None:
    come_as(Client(), (ADA, "pending"))
    assert only_user().email == ""
    come_as(client, ADA)
    assert only_user().email == ADA


def test_one_that_another_user_has_here_is_not(client: Client, make_user: MakeUser) -> None:
    come_as(Client(), (ADA, "pending"))
    account = CorbadoAccount.objects.get()
    make_user(ADA, username="ada")
    come_as(client, ADA)
    account.user.refresh_from_db()
    assert account.user.email == ""
    assert signed_in_as(client) == str(account.user_id)


def test_nor_is_an_address_replaced(client: Client, make_user: MakeUser) -> None:
    ada = make_user(ADA)
    come_as(Client(), ADA)
    come_as(client, "moved@example.com")
    ada.refresh_from_db()
    assert ada.email == ADA


def test_nor_one_filled_in_where_addresses_are_ignored(client: Client, use_backend: Any) -> None:
    use_backend(NoMatchingBackend)
    come_as(Client(), (ADA, "pending"))
    come_as(client, ADA)
    assert only_user().email == ""
