"""Users whose address is their user name, and whose email field is empty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.test import Client

from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.backends import AnsweredBackend
from tests.support.refusals import (
    ADA,
    PASSWORD,
    ask_for_link,
    come,
    give_password,
    open_link,
    say_yes,
)
from tests.support.vouching import assert_refused, come_as, only_user, signed_in_as

MakeUser = Callable[..., Any]

pytestmark = pytest.mark.django_db


class ByName(AnsweredBackend):
    new_username = "name"


class AddressesIgnored(AnsweredBackend):
    match_by_email = False


WRITTEN = [ADA, "Ada@example.com", "Ada@Example.com", "ADA@EXAMPLE.COM", "ada@Example.Com"]


@pytest.fixture
def ada(make_user: MakeUser) -> Any:
    return make_user("", username=ADA, password=PASSWORD)


@pytest.mark.parametrize("backend", [AnsweredBackend, ByName])
@pytest.mark.parametrize("brought", [ADA, "ADA@example.com"])
def test_a_confirmed_address_creates_no_second_user(
    client: Client,
    ada: Any,
    caplog: pytest.LogCaptureFixture,
    use: Callable[[type], None],
    backend: type,
    brought: str,
) -> None:
    use(backend)
    assert_refused(come_as(client, brought, full_name="Ada L"), caplog, "account_exists")
    assert only_user() == ada


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize(
    ("status", "reason"), [("active", "account_exists"), ("pending", "no_confirmed_email")]
)
def test_the_user_name_may_be_in_capitals(
    client: Client,
    make_user: MakeUser,
    caplog: pytest.LogCaptureFixture,
    name: str,
    status: str,
    reason: str,
) -> None:
    ada = make_user("", username=name, password=PASSWORD)
    assert_refused(come_as(client, (ADA, status)), caplog, reason)
    assert only_user() == ada


def test_so_may_that_of_someone_whom_the_manager_hides(
    client: Client,
    make_user: MakeUser,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_user("", username="Ada@Example.com")
    manager = type(get_user_model()._default_manager)
    monkeypatch.setattr(manager, "get_queryset", lambda self: QuerySet(self.model).none())
    assert_refused(come_as(client, ADA), caplog, "account_exists")
    assert get_user_model()._base_manager.count() == 1


def test_the_password_opens_the_account_and_the_address_is_filled_in(
    client: Client, corbado: Corbado, ada: Any
) -> None:
    person = corbado.add_user(ADA)
    page = come(client, corbado, person)
    assert "You have an account here already" in page.content.decode()
    assert give_password(client, page, name=ADA)["Location"] == "/account/"
    assert signed_in_as(client) == str(ada.pk)
    later = Client()
    come(later, corbado, person)
    assert signed_in_as(later) == str(ada.pk)
    assert only_user().email == ADA


def test_an_unconfirmed_address_is_confirmed_first_and_then_the_password_links(
    client: Client, corbado: Corbado, ada: Any
) -> None:
    person = corbado.add_user(ADA, confirmed=False)
    link = ask_for_link(client, corbado, come(client, corbado, person))
    assert open_link(client, link).status_code == 303
    assert "You have an account here already" in say_yes(client).content.decode()
    page = come(client, corbado, person)
    assert give_password(client, page, name=ADA)["Location"] == "/account/"
    assert CorbadoAccount.objects.get().user == ada


def test_the_password_of_such_a_user_links_nobody_with_another_address(
    client: Client, corbado: Corbado, ada: Any, make_user: MakeUser
) -> None:
    make_user("", username="bob@example.com", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA))
    answer = give_password(client, page, name="bob@example.com")
    assert "a different email address" in answer.content.decode()
    assert not CorbadoAccount.objects.exists()


def test_who_has_another_address_is_someone_else(client: Client, make_user: MakeUser) -> None:
    robin = make_user("robin@example.com", username=ADA)
    come_as(client, (ADA, "pending"))
    assert signed_in_as(client) == str(CorbadoAccount.objects.get().user_id) != str(robin.pk)


def test_a_site_that_ignores_addresses_is_left_as_it_is(
    client: Client, ada: Any, use: Callable[[type], None]
) -> None:
    use(AddressesIgnored)
    come_as(client, ADA)
    assert signed_in_as(client) == str(CorbadoAccount.objects.get().user_id) != str(ada.pk)
    assert get_user_model()._default_manager.count() == 2
