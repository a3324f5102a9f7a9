"""Account take-over of staff.

The attack: someone who reads one mailbox for a minute (a shared address such as office@, a former
colleague's, a mailbox taken over) confirms its address at Corbado and walks into the site's admin.
An address alone never opens a staff or superuser account, unless the site says ``link_staff =
True``; the site's own import links them deliberately.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django import Settings

from corbado_auth.backends import CorbadoBackend
from corbado_auth.models import CorbadoAccount
from tests.support.vouching import assert_refused, come_as, signed_in_as

pytestmark = [pytest.mark.security, pytest.mark.django_db]

MakeUser = Callable[..., Any]
BOSS = "boss@example.com"
POWERS = [
    pytest.param({"is_staff": True}, id="staff"),
    pytest.param({"is_superuser": True}, id="superuser"),
    pytest.param({"is_staff": True, "is_superuser": True}, id="both"),
]


class LinkStaff(CorbadoBackend):
    link_staff = True


@pytest.mark.parametrize("powers", POWERS)
def test_an_address_does_not_open_a_powerful_account(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture, powers: dict[str, bool]
) -> None:
    make_user(BOSS, **powers)
    assert_refused(come_as(client, BOSS), caplog, "staff_user")
    assert not CorbadoAccount.objects.exists()


def test_no_second_user_is_made_beside_staff(client: Client, make_user: MakeUser) -> None:
    make_user(BOSS, is_staff=True)
    come_as(client, BOSS)
    assert get_user_model()._default_manager.count() == 1


@pytest.mark.parametrize("powers", POWERS)
def test_a_site_may_say_that_an_address_is_enough(
    client: Client, make_user: MakeUser, settings: Settings, powers: dict[str, bool]
) -> None:
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.LinkStaff"]
    boss = make_user(BOSS, **powers)
    come_as(client, BOSS)
    assert signed_in_as(client) == str(boss.pk)


def test_an_account_that_was_linked_deliberately_opens(
    client: Client, make_user: MakeUser, settings: Settings
) -> None:
    boss = make_user(BOSS, is_staff=True, is_superuser=True)
    CorbadoAccount.objects.create(
        user=boss, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id="usr-1001"
    )
    come_as(client, BOSS)
    assert signed_in_as(client) == str(boss.pk)


def test_signing_up_makes_no_one_staff(client: Client) -> None:
    come_as(client, BOSS)
    user = get_user_model()._default_manager.get()
    assert not user.is_staff
    assert not user.is_superuser
