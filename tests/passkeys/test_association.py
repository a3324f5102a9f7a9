"""To whose Corbado user a passkey is added: an address that someone merely took opens nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from corbado_auth.backends import SignInRefused
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.passkeys.test_passkeys import (
    ADD,
    ERIN,
    LIST,
    add_passkey,
    association_token,
    linked,
    passkey_link,
    paths,
    signed_in,
)

pytestmark = pytest.mark.django_db


def test_a_user_whom_corbado_does_not_know_is_introduced_row_first(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, user = signed_in(make_user)
    add_passkey(corbado, association_token(client.post(ADD)))
    account = CorbadoAccount.objects.get(user=user)
    assert paths(corbado) == ["/v1/users", "/v1/associationTokens"]
    assert (account.email, account.sign_in_count) == ("", 0)
    assert passkey_link(client.get(LIST))


def test_a_second_passkey_goes_to_the_corbado_user_that_we_made(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, _user = signed_in(make_user)
    add_passkey(corbado, association_token(client.post(ADD)))
    assert association_token(client.post(ADD))
    assert CorbadoAccount.objects.count() == 1


@pytest.mark.parametrize("confirmed", [True, False], ids=["confirmed", "pending"])
def test_an_address_that_corbado_knows_gets_no_token(
    corbado: Corbado, make_user: Callable[..., Any], confirmed: bool
) -> None:
    corbado.add_user(ERIN, confirmed=confirmed)
    client, _user = signed_in(make_user)
    page = client.post(ADD)
    assert page.status_code == 409
    assert "Sign in once with a link by email" in page.content.decode()
    assert paths(corbado) == []
    assert not CorbadoAccount.objects.exists()


def test_a_user_who_took_an_address_cannot_add_a_passkey_to_its_owner(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    """The site lets people set any address: Mallory sets the one of a linked user."""
    owner = make_user(ERIN, username="erin")
    linked(corbado, owner)
    client, mallory = signed_in(make_user, ERIN.upper(), username="mallory")
    assert client.post(ADD).status_code == 409
    mallory.email = ERIN
    mallory.save()
    assert client.post(ADD).status_code == 409
    assert paths(corbado) == []


def test_a_linked_user_who_takes_an_address_adds_only_to_their_own_corbado_user(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    linked(corbado, make_user(ERIN, username="erin"))
    client, mallory = signed_in(make_user, ERIN, username="mallory")
    own = linked(corbado, mallory, "mallory@example.com")
    client.post(ADD)
    bodies = [r.body for r in corbado.requests if r.path == "/v1/associationTokens"]
    assert [body["loginIdentifier"] for body in bodies] == [own.email]


def test_an_address_of_two_local_users_gets_no_token(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    make_user(ERIN, username="erin")
    client, _user = signed_in(make_user, ERIN, username="mallory")
    assert client.post(ADD).status_code == 409
    assert corbado.requests == []


def test_a_user_without_an_address_is_told_so(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, _user = signed_in(make_user, "", username="erin")
    assert "has no email address yet" in client.post(ADD).content.decode()


def test_unproven_addresses_need_a_magic_link_first(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, _user = signed_in(make_user)
    with mock.patch("tests.support.backends.AnsweredBackend.local_emails_are_verified", False):
        assert client.post(ADD).status_code == 409
    assert corbado.requests == []


def test_until_the_site_has_answered_no_address_is_vouched_for(
    corbado: Corbado, make_user: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Anyone may have written a stranger's address into their profile."""
    client, _user = signed_in(make_user)
    with mock.patch("tests.support.backends.AnsweredBackend.local_emails_are_verified", None):
        assert client.post(ADD).status_code == 409
    assert corbado.requests == []
    assert "emails_unanswered" in caplog.text
    assert "corbado_auth.W006" in caplog.text


def test_an_address_that_the_sites_backend_would_not_link_needs_a_magic_link_first(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    """The site's own match_user(), which may ask django-allauth for proof, applies here, too."""
    client, _user = signed_in(make_user)
    refusal = SignInRefused("not_proved")
    with mock.patch("corbado_auth.backends.CorbadoBackend.match_user", side_effect=refusal):
        assert client.post(ADD).status_code == 409
    assert corbado.requests == []


def test_without_matching_by_email_the_backend_is_not_asked(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, _user = signed_in(make_user)
    with mock.patch("corbado_auth.backends.CorbadoBackend.match_by_email", False):
        assert client.post(ADD).status_code == 200


def test_nothing_about_identity_comes_from_the_request(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, user = signed_in(make_user)
    linked(corbado, user)
    stranger = corbado.add_user("stranger@example.com")
    fields = {"email": stranger.email, "loginIdentifier": stranger.email, "userID": stranger.id}
    client.post(f"{ADD}?email={stranger.email}", fields)
    assert stranger.email not in str([request.body for request in corbado.requests])
