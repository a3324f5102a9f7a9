"""Account takeover of an imported user.

The attack: the import created a Corbado user for the victim's address, which is pending there, and
an account row here. Someone who manages to sign up at Corbado on top of that user, with a passkey
of their own and without the victim's mailbox, would get into the victim's account. That Corbado
lets nobody do so is INFERRED (API notes 1.5), so at the first sign-in, the address has to be
confirmed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from corbado_auth.corbado_api.service import SignInService
from corbado_auth.existing_users.migration import UserMigration
from corbado_auth.identity import ClientInfo
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.passkeys.test_passkeys import add_passkey
from tests.support.front_door import sign_in
from tests.support.vouching import assert_refused, come_as, signed_in_as

pytestmark = [pytest.mark.security, pytest.mark.django_db]

VICTIM = "victim@example.com"


@pytest.fixture
def victim(make_user: Callable[..., Any]) -> Any:
    """Return a local user whom the import has moved."""
    user = make_user(VICTIM, password="an old password")
    CorbadoAccount.objects.link(user, "usr-7")
    return user


@pytest.mark.matrix
@pytest.mark.parametrize("status", ["pending", "unheard-of"])
def test_the_first_sign_in_needs_the_confirmed_address(
    client: Client, victim: Any, caplog: pytest.LogCaptureFixture, status: str
) -> None:
    answer = come_as(client, (VICTIM, status), id="usr-7")
    assert_refused(answer, caplog, "address_unconfirmed", "usr-7")
    account = CorbadoAccount.objects.get()
    assert (account.sign_in_count, account.awaits_proof) == (0, True)


@pytest.mark.matrix
def test_the_confirmed_address_of_another_person_is_no_proof(
    client: Client, victim: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = come_as(client, "attacker@example.org", id="usr-7")
    assert_refused(answer, caplog, "address_unconfirmed", "usr-7")


@pytest.mark.matrix
def test_a_confirmed_address_opens_the_account_for_good(client: Client, victim: Any) -> None:
    come_as(client, VICTIM.upper(), id="usr-7")
    assert signed_in_as(client) == str(victim.pk)
    client.logout()
    come_as(client, (VICTIM, "pending"), id="usr-7")
    assert signed_in_as(client) == str(victim.pk)


def test_the_import_leaves_rows_that_await_proof(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    made, known = make_user(VICTIM), make_user("known@example.com")
    corbado.add_user("known@example.com")
    for user in (made, known):
        UserMigration().migrate(user)
    awaiting = {row.user_id: row.awaits_proof for row in CorbadoAccount.objects.all()}
    assert awaiting == {made.pk: True, known.pk: False}


@pytest.mark.parametrize("somebody_was_first", [False, True])
def test_a_passkey_added_while_signed_in_here_is_proof_unless_there_is_one_already(
    corbado: Corbado, make_user: Callable[..., Any], somebody_was_first: bool
) -> None:
    user = make_user(VICTIM, password="an old password")
    person = corbado.add_user(VICTIM, confirmed=False)
    CorbadoAccount.objects.link(user, person.id)
    if somebody_was_first:
        visitor = ClientInfo("192.0.2.1", "another person's browser")
        add_passkey(corbado, SignInService().create_association_token(VICTIM, visitor))
    client = Client()
    assert client.login(username=user.get_username(), password="an old password")
    client.post("/corbado/passkeys/add/")
    assert CorbadoAccount.objects.get().awaits_proof is somebody_was_first
    client.logout()
    answer = sign_in(client, corbado.issue_token(person))
    assert answer.status_code == (403 if somebody_was_first else 303)
