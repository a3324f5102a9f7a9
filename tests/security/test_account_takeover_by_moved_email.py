"""Account take-over by an address that has changed hands.

The attack: addresses move. A company gives a former colleague's address to the next one, a provider
frees a deleted mailbox, someone changes the address at Corbado or here. Today's owner of the
address must not get into the account of yesterday's owner. So from the first sign-in on, the
account row decides, and an address at Corbado is never written to the local user.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from corbado_auth.models import CorbadoAccount
from tests.support.vouching import assert_refused, come_as, signed_in_as

pytestmark = [pytest.mark.security, pytest.mark.django_db, pytest.mark.matrix]

MakeUser = Callable[..., Any]
ADA, NEW = "ada@example.com", "new@example.com"


def _log_out(client: Client) -> None:
    client.post("/corbado/logout/")


def test_an_address_that_moved_to_another_corbado_user_opens_nothing(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA)
    come_as(client, ADA, id="usr-1")
    _log_out(client)
    assert_refused(come_as(client, ADA, id="usr-2"), caplog, "already_linked", "usr-2")
    assert CorbadoAccount.objects.get().corbado_user_id == "usr-1"


def test_no_second_user_is_made_for_an_address_that_moved(
    client: Client, make_user: MakeUser
) -> None:
    make_user(ADA)
    come_as(Client(), ADA, id="usr-1")
    come_as(client, ADA, id="usr-2")
    assert get_user_model()._default_manager.count() == 1


def test_a_corbado_user_whose_address_is_now_another_users_here_stays_who_they_are(
    client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    come_as(Client(), ADA)
    ada.email = NEW
    ada.save()
    make_user(ADA, **({} if get_user_model().USERNAME_FIELD == "email" else {"username": "bob"}))
    come_as(client, ADA)
    assert signed_in_as(client) == str(ada.pk)


def test_an_address_changed_at_corbado_leads_to_no_other_user(
    client: Client, make_user: MakeUser
) -> None:
    ada, bob = make_user(ADA), make_user("bob@example.com")
    come_as(Client(), ADA)
    come_as(client, "bob@example.com")
    assert signed_in_as(client) == str(ada.pk)
    assert not CorbadoAccount.objects.filter(user=bob).exists()


def test_an_address_changed_at_corbado_is_noted_and_never_written_to_the_local_user(
    client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    come_as(Client(), ADA)
    come_as(client, NEW)
    ada.refresh_from_db()
    assert ada.email == ADA
    assert CorbadoAccount.objects.get().email == NEW


def test_a_new_owner_of_an_address_gets_in_once_the_site_has_unlinked_it(
    client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    come_as(Client(), ADA, id="usr-1")
    CorbadoAccount.objects.all().delete()
    come_as(client, ADA, id="usr-2")
    assert signed_in_as(client) == str(ada.pk)


def test_a_new_owner_of_an_address_that_was_given_up_here_is_a_new_user(
    client: Client,
) -> None:
    come_as(Client(), ADA, id="usr-1")
    first = CorbadoAccount.objects.get().user
    first.email = NEW
    first.save()
    come_as(client, ADA, id="usr-2")
    account = CorbadoAccount.objects.get(corbado_user_id="usr-2")
    assert signed_in_as(client) == str(account.user_id) != str(first.pk)


def test_a_given_up_address_has_one_new_owner_only(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    come_as(client, ADA, id="usr-1")
    _log_out(client)
    get_user_model()._default_manager.update(email=NEW)
    come_as(client, ADA, id="usr-2")
    _log_out(client)
    assert_refused(come_as(client, ADA, id="usr-3"), caplog, "already_linked", "usr-3")
