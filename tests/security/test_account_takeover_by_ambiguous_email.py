"""Account take-over through an address that fits more than one local user.

The attack: a site whose user model does not keep addresses unique lets the attacker give their own
local user the victim's address, or the attacker owns two addresses and one of them once belonged to
someone else here. A site that picks "the first" signs someone in as the wrong person. So nobody is
picked, nobody is linked, and no further user is created.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from corbado_auth.models import CorbadoAccount
from tests.support.vouching import assert_refused, come_as, signed_in_as

pytestmark = [pytest.mark.security, pytest.mark.django_db]

MakeUser = Callable[..., Any]
ADA, BOB = "ada@example.com", "bob@example.com"


def _assert_nobody_was_picked(expected_users: int) -> None:
    assert not CorbadoAccount.objects.exists()
    assert get_user_model()._default_manager.count() == expected_users


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({}, id="active"),
        pytest.param({"is_active": False}, id="inactive"),
        pytest.param({"is_staff": True}, id="staff"),
    ],
)
def test_two_users_with_the_same_address(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture, other: dict[str, bool]
) -> None:
    make_user(ADA, username="one")
    make_user(ADA, username="other", **other)
    assert_refused(come_as(client, ADA), caplog, "ambiguous_email")
    _assert_nobody_was_picked(2)


@pytest.mark.matrix
def test_two_users_whose_addresses_differ_in_case(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA)
    make_user("Ada@example.com", user_name="second")
    assert_refused(come_as(client, "ADA@example.com"), caplog, "ambiguous_email")
    _assert_nobody_was_picked(2)


@pytest.mark.matrix
def test_two_confirmed_addresses_that_fit_two_users(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA)
    make_user(BOB)
    assert_refused(come_as(client, ADA, BOB), caplog, "ambiguous_email")
    _assert_nobody_was_picked(2)


@pytest.mark.matrix
def test_two_confirmed_addresses_that_fit_one_user(client: Client, make_user: MakeUser) -> None:
    ada = make_user(ADA)
    come_as(client, "ada@example.org", ADA)
    assert signed_in_as(client) == str(ada.pk)


@pytest.mark.matrix
def test_an_unconfirmed_address_beside_it_makes_nothing_ambiguous(
    client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    make_user(BOB)
    come_as(client, ADA, (BOB, "pending"))
    assert signed_in_as(client) == str(ada.pk)
