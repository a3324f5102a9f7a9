"""Account take-over with a Corbado user who has been deleted.

The attack: the person, or the site's support, deleted or disabled the Corbado user, for instance
after the theft of a device. A token from just before, or a Corbado that still answers for the user,
must open nothing, linked or not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from corbado_auth.models import CorbadoAccount
from tests.support.vouching import assert_refused, come_as

pytestmark = [pytest.mark.security, pytest.mark.django_db, pytest.mark.matrix]

MakeUser = Callable[..., Any]
ADA = "ada@example.com"
GONE = pytest.mark.parametrize("status", ["deleted", "disabled"])


@GONE
def test_a_linked_account_does_not_open(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture, status: str
) -> None:
    make_user(ADA)
    come_as(client, ADA)
    client.post("/corbado/logout/")
    assert_refused(come_as(client, ADA, status=status), caplog, "corbado_user_deleted")
    assert CorbadoAccount.objects.get().sign_in_count == 1


@GONE
def test_an_existing_user_is_not_linked(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture, status: str
) -> None:
    make_user(ADA)
    assert_refused(come_as(client, ADA, status=status), caplog, "corbado_user_deleted")
    assert not CorbadoAccount.objects.exists()


@GONE
def test_no_new_user_is_made(client: Client, caplog: pytest.LogCaptureFixture, status: str) -> None:
    assert_refused(come_as(client, ADA, status=status), caplog, "corbado_user_deleted")
    assert not get_user_model()._default_manager.exists()
