"""Account take-over by an address that nobody confirmed.

The attack: sign up at Corbado with the victim's email address and never open the confirmation mail.
Corbado still lists the address, with a status that is not ``active``. A site that matches by
address alone signs the attacker in as the victim.
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
VICTIM = "victim@example.com"
# What Corbado says today, and what it might say one day.
UNCONFIRMED = ["pending", "deleted", "disabled", "verified", "confirmed", "Active", "active ", ""]


@pytest.mark.matrix
@pytest.mark.parametrize("status", UNCONFIRMED)
def test_only_the_word_active_opens_an_account(
    client: Client, make_user: MakeUser, status: str
) -> None:
    victim = make_user(VICTIM)
    come_as(client, (VICTIM, status))
    assert signed_in_as(client) != str(victim.pk)
    assert not CorbadoAccount.objects.filter(user=victim).exists()


@pytest.mark.matrix
def test_a_confirmed_address_does_not_vouch_for_the_one_beside_it(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(VICTIM)
    refused = come_as(client, (VICTIM, "pending"), "attacker@example.org")
    assert_refused(refused, caplog, "account_exists")
    assert not CorbadoAccount.objects.exists()


def test_the_name_at_corbado_is_no_address(client: Client, make_user: MakeUser) -> None:
    victim = make_user(VICTIM, username=VICTIM)
    come_as(client, "attacker@example.org", full_name=VICTIM)
    assert signed_in_as(client) != str(victim.pk)


def test_an_unconfirmed_address_takes_no_place(client: Client) -> None:
    come_as(client, (VICTIM, "pending"), id="usr-666")
    victims = Client()
    come_as(victims, VICTIM, id="usr-1")
    users = get_user_model()._default_manager
    assert signed_in_as(victims) == str(users.get(email=VICTIM).pk) != signed_in_as(client)
