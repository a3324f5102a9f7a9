"""Account take-over by a new user who overwrites an old one.

The attack: on a site whose users have a natural primary key (the email, the user name), saving a
"new" user whose key is taken is an UPDATE in Django: it would put the attacker's name and address
over the victim's row, and sign the attacker in as that row. A look-alike address, or two requests
at once, is enough. A new user is only ever inserted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models.signals import post_init
from django.test import Client

from corbado_auth.models import CorbadoAccount
from tests.support.vouching import assert_refused, come_as, only_user

pytestmark = [pytest.mark.security, pytest.mark.django_db, pytest.mark.matrix]

MakeUser = Callable[..., Any]
VICTIM = "victim@example.com"


@pytest.fixture
def victim(make_user: MakeUser) -> Iterator[Any]:
    """Return a user whose key every new user gets, as from a natural key that is taken."""
    victim = make_user(VICTIM, password="known to the victim")

    def take_the_same_key(instance: Any, **told: Any) -> None:
        if instance._state.adding and instance.email != VICTIM:
            instance.pk = victim.pk

    post_init.connect(take_the_same_key, sender=get_user_model())
    yield victim
    post_init.disconnect(take_the_same_key, sender=get_user_model())


def test_a_new_user_never_overwrites_an_old_one(
    client: Client, victim: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert_refused(come_as(client, "attacker@example.org"), caplog, "conflict")
    assert only_user().email == VICTIM
    assert only_user().check_password("known to the victim")
    assert not CorbadoAccount.objects.exists()
