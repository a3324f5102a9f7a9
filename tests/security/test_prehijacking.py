"""Pre-hijacking: the attacker registers first.

The attack ("Pre-hijacked accounts", Sudhodanan and Paverd, 2022): someone registers with the
victim's address before the victim does, leaves a way in (a password, an open session, an identifier
of their own, an e-mail change that is under way), and waits until the victim comes, uses the
account and fills it with something worth having. One test or more for each of the five classes of
the paper.

Where a site has never verified the addresses of its local users it says so
(``local_emails_are_verified = False``); then linking by address ends everything that was left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from pytest_django import Settings

from corbado_auth.backends import CorbadoBackend
from corbado_auth.models import CorbadoAccount
from tests.support.vouching import assert_refused, come_as, only_user, signed_in_as

pytestmark = [pytest.mark.security, pytest.mark.django_db, pytest.mark.matrix]

MakeUser = Callable[..., Any]
VICTIM, ATTACKER = "victim@example.com", "attacker@example.org"


class Unverified(CorbadoBackend):
    local_emails_are_verified = False


class UnverifiedAndClumsy(Unverified):
    def configure_user(self, *args: Any) -> Any:
        raise RuntimeError("the site's own code fails")


@pytest.fixture
def unverified(settings: Settings) -> Settings:
    """Let the site say that its users never proved that their addresses are theirs."""
    _use(settings, Unverified)
    return settings


@pytest.fixture
def planted(make_user: MakeUser) -> Any:
    """Return the local user that the attacker registered with the victim's address."""
    return make_user(VICTIM, password="known to the attacker")


def _use(settings: Settings, backend: type[CorbadoBackend]) -> None:
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        f"{__name__}.{backend.__name__}",
    ]


def _enters_by_password(client: Client) -> bool:
    return client.login(username=VICTIM, password="known to the attacker")


# 1. Classic-federated merge ---------------------------------------------------------------


def test_classic_federated_merge_ends_the_attackers_password(
    client: Client, unverified: Settings, planted: Any
) -> None:
    assert _enters_by_password(Client())
    come_as(client, VICTIM)
    assert signed_in_as(client) == str(planted.pk)
    assert not _enters_by_password(Client())


def test_classic_federated_merge_leaves_no_password_half_ended(
    client: Client, settings: Settings, planted: Any
) -> None:
    _use(settings, UnverifiedAndClumsy)
    with pytest.raises(RuntimeError):
        come_as(client, VICTIM)
    assert _enters_by_password(Client())
    assert not CorbadoAccount.objects.exists()


def test_a_site_that_verifies_addresses_keeps_the_passwords(client: Client, planted: Any) -> None:
    come_as(client, VICTIM)
    assert signed_in_as(client) == str(planted.pk)
    assert _enters_by_password(Client())


def test_a_returning_person_keeps_a_password_set_since(
    client: Client, unverified: Settings, planted: Any
) -> None:
    come_as(Client(), VICTIM)
    victim = only_user()
    victim.set_password("known to the victim")
    victim.save()
    come_as(client, VICTIM)
    assert Client().login(username=VICTIM, password="known to the victim")


# 2. Unexpired session ---------------------------------------------------------------------


def test_unexpired_session_ends_at_its_next_request(
    client: Client, unverified: Settings, planted: Any
) -> None:
    attackers = Client()
    _enters_by_password(attackers)
    assert signed_in_as(attackers) == str(planted.pk)
    come_as(client, VICTIM)
    assert signed_in_as(attackers) is None
    assert signed_in_as(client) == str(planted.pk)


def test_unexpired_session_of_a_user_without_a_password_ends_too(
    client: Client, unverified: Settings, make_user: MakeUser
) -> None:
    attackers = Client()
    attackers.force_login(make_user(VICTIM), "django.contrib.auth.backends.ModelBackend")
    assert signed_in_as(attackers)
    come_as(client, VICTIM)
    assert signed_in_as(attackers) is None


# 3. Trojan identifier ---------------------------------------------------------------------


def test_trojan_identifier_is_never_joined_by_the_victim(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    # The attacker links a Corbado user of their own, then takes on the victim's address here.
    trojan = make_user(ATTACKER)
    come_as(client, ATTACKER, id="usr-666")
    trojan.email = VICTIM
    trojan.save()
    client.post("/corbado/logout/")
    assert_refused(come_as(client, VICTIM), caplog, "already_linked")
    assert CorbadoAccount.objects.get().corbado_user_id == "usr-666"


def test_trojan_identifier_cannot_be_added_after_the_victim_has_come(
    client: Client, planted: Any, caplog: pytest.LogCaptureFixture
) -> None:
    come_as(client, VICTIM)
    client.post("/corbado/logout/")
    assert_refused(come_as(client, VICTIM, id="usr-666"), caplog, "already_linked", "usr-666")


# 4. Unexpired e-mail change ---------------------------------------------------------------


def test_unexpired_email_change_at_corbado_leads_to_the_attackers_own_user(
    client: Client, make_user: MakeUser
) -> None:
    # The attacker adds the victim's address at Corbado; one day the victim clicks on the link.
    attacker, victim = make_user(ATTACKER), make_user(VICTIM)
    come_as(Client(), ATTACKER, (VICTIM, "pending"), id="usr-666")
    come_as(client, (ATTACKER, "active"), (VICTIM, "active"), id="usr-666")
    assert signed_in_as(client) == str(attacker.pk) != str(victim.pk)
    attacker.refresh_from_db()
    assert attacker.email == ATTACKER


def test_unexpired_links_of_the_site_to_a_new_password_end(
    client: Client, unverified: Settings, planted: Any
) -> None:
    link = default_token_generator.make_token(planted)
    come_as(client, VICTIM)
    assert not default_token_generator.check_token(only_user(), link)


# 5. Non-verifying identity provider -------------------------------------------------------


def test_non_verifying_provider_gets_no_user_with_the_victims_address(client: Client) -> None:
    come_as(client, (VICTIM, "pending"), id="usr-666")
    assert not get_user_model()._default_manager.filter(email__iexact=VICTIM).exists()


def test_non_verifying_provider_leaves_the_victim_a_user_of_their_own(client: Client) -> None:
    attackers = Client()
    come_as(attackers, (VICTIM, "pending"), id="usr-666")
    come_as(client, VICTIM)
    victim = CorbadoAccount.objects.get(corbado_user_id="usr-1001").user
    assert signed_in_as(client) == str(victim.pk) != signed_in_as(attackers)
