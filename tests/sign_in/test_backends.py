"""CorbadoBackend: which local user a Corbado user is signed in as, through the front door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.test import Client

from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.vouching import assert_refused, come_as, only_user, signed_in_as

MakeUser = Callable[..., Any]
ADA = "ada@example.com"

pytestmark = pytest.mark.django_db


# Who someone is, with every user model ------------------------------------------------------


@pytest.mark.matrix
def test_a_new_person_becomes_a_new_user(client: Client) -> None:
    come_as(client, ADA)
    assert signed_in_as(client) == str(only_user().pk)
    assert CorbadoAccount.objects.get().user == only_user()


@pytest.mark.matrix
def test_a_new_user_has_what_the_user_model_has_room_for(client: Client) -> None:
    come_as(client, ADA, full_name="Ada Maria Example")
    expected = {
        "username": ADA,
        "first_name": "Ada",
        "last_name": "Maria Example",
        "email": ADA,
    }
    there = {name for name in expected if _has_field(name)}
    assert {name: getattr(only_user(), name) for name in there} == {
        name: expected[name] for name in there
    }


@pytest.mark.matrix
def test_a_new_user_has_no_usable_password(client: Client) -> None:
    come_as(client, ADA)
    assert not only_user().has_usable_password()


@pytest.mark.matrix
@pytest.mark.parametrize("local", [ADA, "Ada@Example.COM"], ids=["same", "other case"])
def test_an_existing_user_is_found_by_a_confirmed_address(
    client: Client, make_user: MakeUser, local: str
) -> None:
    ada = make_user(local)
    make_user("ada@example.org")
    come_as(client, ("ada@example.net", "active"), ADA)
    assert signed_in_as(client) == str(ada.pk)
    assert CorbadoAccount.objects.get().user == ada


@pytest.mark.matrix
def test_a_returning_person_is_found_by_the_account(client: Client, make_user: MakeUser) -> None:
    ada = make_user(ADA)
    come_as(client, ADA)
    ada.email = "moved@example.com"
    ada.save()
    newer_browser = Client()
    come_as(newer_browser, ADA)
    assert signed_in_as(newer_browser) == str(ada.pk)
    assert CorbadoAccount.objects.get().sign_in_count == 2


@pytest.mark.matrix
def test_an_unconfirmed_address_is_never_copied(client: Client) -> None:
    come_as(client, (ADA, "pending"))
    assert not get_user_model()._default_manager.filter(email__iexact=ADA).exists()


@pytest.mark.matrix
def test_a_person_without_a_confirmed_address_needs_a_user_name(client: Client) -> None:
    come_as(client, (ADA, "pending"))
    assert get_user_model()._default_manager.exists() is _has_field("username")
    assert (signed_in_as(client) is not None) is _has_field("username")


@pytest.mark.matrix
def test_two_users_with_the_address_in_other_letters_are_ambiguous(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA)
    make_user("ADA@example.com", user_name="second")
    assert_refused(come_as(client, ADA), caplog, "ambiguous_email")


@pytest.mark.matrix
def test_an_inactive_user_is_refused(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA, is_active=False)
    assert_refused(come_as(client, ADA), caplog, "inactive_user")
    assert not only_user().is_active


@pytest.mark.matrix
def test_a_new_person_without_a_name_gets_in(client: Client) -> None:
    come_as(client, ADA, full_name="")
    assert signed_in_as(client) == str(only_user().pk)


@pytest.mark.matrix
def test_the_whole_way_through_the_emulator(
    client: Client, make_user: MakeUser, corbado: Corbado
) -> None:
    ada = make_user(ADA)
    corbado.sign_in(client, corbado.add_user(ADA))
    assert signed_in_as(client) == str(ada.pk)


@pytest.mark.matrix
def test_the_whole_way_with_an_unconfirmed_address(
    client: Client, make_user: MakeUser, corbado: Corbado
) -> None:
    ada = make_user(ADA)
    corbado.sign_in(client, corbado.add_user(ADA, confirmed=False))
    assert signed_in_as(client) != str(ada.pk)
    assert not CorbadoAccount.objects.filter(user=ada).exists()


# Names and addresses at their limits -------------------------------------------------------


def test_a_long_name_is_cut(client: Client) -> None:
    come_as(client, ADA, full_name="A" * 200 + " " + "B" * 99)
    assert only_user().first_name == "A" * 150
    assert only_user().last_name == "B" * 99


def test_a_person_with_only_an_unconfirmed_address_gets_a_user_without_one(client: Client) -> None:
    come_as(client, (ADA, "pending"))
    assert only_user().email == ""
    assert CorbadoAccount.objects.get().email == ""


def test_the_first_confirmed_address_is_the_one_that_a_new_user_gets(client: Client) -> None:
    come_as(client, ("zeta@example.com", "pending"), ADA, "alpha@example.com")
    assert only_user().email == ADA


def test_a_pending_corbado_user_may_sign_in(client: Client, make_user: MakeUser) -> None:
    ada = make_user(ADA)
    come_as(client, ADA, status="pending")
    assert signed_in_as(client) == str(ada.pk)


def test_an_unknown_status_does_not_break_a_sign_in(client: Client) -> None:
    come_as(client, ADA, status="onboarding")
    assert signed_in_as(client) == str(only_user().pk)


def _has_field(name: str) -> bool:
    try:
        get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True
