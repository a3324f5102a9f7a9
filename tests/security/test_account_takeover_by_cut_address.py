"""Account take-over by an address that the database cut.

The attack: own ``victim@example.com.xxx…xxx.attacker.example``, long enough that what fits into the
site's email field is ``victim@example.com``, and confirm it at Corbado. Cut to length, the new
local user would hold the victim's address, and the victim would later be linked to the attacker's
user. What does not fit is refused; only names are cut.
"""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from corbado_auth.models import CorbadoAccount
from tests.support.vouching import assert_refused, come_as

pytestmark = [pytest.mark.security, pytest.mark.django_db, pytest.mark.matrix]

VICTIM = "victim@example.com"
LONGER = f"{VICTIM}.attacker.example"


@pytest.fixture(autouse=True)
def _short_email_field(monkeypatch: pytest.MonkeyPatch) -> None:
    field = get_user_model()._meta.get_field("email")
    monkeypatch.setattr(field, "max_length", len(VICTIM))


def test_an_address_that_does_not_fit_is_refused(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert_refused(come_as(client, LONGER), caplog, "does_not_fit")
    assert not get_user_model()._default_manager.exists()
    assert not CorbadoAccount.objects.exists()


def test_an_address_that_just_fits_is_taken(client: Client) -> None:
    assert come_as(client, VICTIM).status_code == 303
    assert get_user_model()._default_manager.get().email == VICTIM
