"""Which users of one table may sign in at which shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import authenticate, get_user, get_user_model
from django.test import Client, RequestFactory

from corbado_auth.identity import CorbadoUser
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.backends import AnsweredBackend
from tests.support.refusals import ADA
from tests.support.vouching import come_as, corbado_user, signed_in_as

MakeUser = Callable[..., Any]

pytestmark = pytest.mark.django_db


class OneShop(AnsweredBackend):
    """One of two shops on one database, told apart by a column; here, the last name."""

    def match_user(self, corbado_user: CorbadoUser) -> Any:
        users = get_user_model()._default_manager.filter(last_name=django_settings.SHOP)
        return users.filter(email__in=corbado_user.verified_emails).first()

    def may_sign_in(self, request: Any, user: Any, corbado_user: CorbadoUser) -> bool:
        return bool(user.last_name == django_settings.SHOP)


class TwoShops(AnsweredBackend):
    """Two shops in one database, told apart by a column; here, the last name."""

    def may_sign_in(self, request: Any, user: Any, corbado_user: CorbadoUser) -> bool:
        return bool(user.last_name == request.get_host())


def test_a_site_says_who_may_sign_in_where(
    make_user: MakeUser, use: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use(TwoShops)
    ada = make_user(ADA, username="ada", last_name="one.example.com")
    one, two = (
        RequestFactory().get("/", SERVER_NAME=f"{name}.example.com") for name in ("one", "two")
    )
    assert authenticate(two, corbado_user=corbado_user(ADA)) is None
    assert not CorbadoAccount.objects.exists()
    assert authenticate(one, corbado_user=corbado_user(ADA)) == ada
    assert authenticate(two, corbado_user=corbado_user(ADA)) is None
    assert CorbadoAccount.objects.get().sign_in_count == 1
    assert caplog.text.count("not_allowed_here") == 2


def test_at_another_shop_a_returning_person_gets_no_session(
    make_user: MakeUser, use: Any, corbado: Corbado
) -> None:
    use(TwoShops)
    ada = make_user(ADA, username="ada", last_name="one.example.com")
    person = corbado.add_user(ADA)
    one, two = (Client(SERVER_NAME=f"{name}.example.com") for name in ("one", "two"))
    for _time in range(2):
        corbado.sign_in(one, person)
        assert get_user(one) == ada
        one.logout()
        assert corbado.sign_in(two, person).status_code == 403
        assert not get_user(two).is_authenticated


def test_with_a_project_for_each_shop_both_users_of_one_person_come_in(
    make_user: MakeUser, use: Any, settings: Any
) -> None:
    """docs/how-to-custom-user-model.md, "Several shops in one table"."""
    use(OneShop)
    users = {
        shop: make_user(ADA, username=f"ada-{shop}", last_name=shop) for shop in ("one", "two")
    }
    for _time in range(2):
        for shop, user in users.items():
            settings.SHOP, settings.CORBADO_PROJECT_ID = shop, f"pro-{len(shop)}{ord(shop[0])}"
            client = Client()
            come_as(client, ADA, id=f"usr-{shop}")
            assert signed_in_as(client) == str(user.pk)
    assert CorbadoAccount.objects.count() == 2
