"""Coming back after a ban.

The attack: the site has closed someone's account (``is_active = False``). Its owner, or the new
owner of the address, comes back through Corbado: by the linked account, by the address, or to get a
second, fresh user with the same address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from corbado_auth.models import CorbadoAccount
from tests.support.vouching import assert_refused, come_as, only_user

pytestmark = [pytest.mark.security, pytest.mark.django_db, pytest.mark.matrix]

MakeUser = Callable[..., Any]
BANNED = "banned@example.com"


def test_the_address_does_not_open_the_account(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(BANNED, is_active=False)
    assert_refused(come_as(client, BANNED), caplog, "inactive_user")
    assert not CorbadoAccount.objects.exists()


def test_no_second_user_is_made_beside_it(client: Client, make_user: MakeUser) -> None:
    make_user(BANNED, is_active=False)
    come_as(client, BANNED.upper())
    assert not only_user().is_active


def test_the_linked_account_does_not_open(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    user = make_user(BANNED)
    come_as(client, BANNED)
    client.post("/corbado/logout/")
    get_user_model()._default_manager.update(is_active=False)
    assert_refused(come_as(Client(), BANNED), caplog, "inactive_user")
    assert CorbadoAccount.objects.get(user=user).sign_in_count == 1


def test_another_corbado_user_with_the_address_does_not_get_in(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(BANNED, is_active=False)
    come_as(client, BANNED)
    caplog.clear()
    assert_refused(come_as(client, BANNED, id="usr-1002"), caplog, "inactive_user", "usr-1002")
