"""No existing person gets a second user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.test import Client, override_settings

from corbado_auth.checks import ids
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.identity import CorbadoUser
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.backends import AnsweredBackend, SecondFactorBackend
from tests.support.front_door import sign_in
from tests.support.refusals import ADA, come
from tests.support.vouching import assert_refused, come_as, signed_in_as

MakeUser = Callable[..., Any]

pytestmark = pytest.mark.django_db


class MembersOnly(AnsweredBackend):
    create_unknown_user = False


class AddressesIgnored(AnsweredBackend):
    match_by_email = False


class OwnTable(AnsweredBackend):
    """A site that keeps proven addresses elsewhere; here, in the last name."""

    def match_user(self, corbado_user: CorbadoUser) -> Any:
        users = get_user_model()._default_manager
        return users.filter(last_name__in=corbado_user.verified_emails).first()


# Who is known here ------------------------------------------------------------------------


@pytest.mark.matrix
@pytest.mark.parametrize("status", ["pending", "unheard-of"])
@pytest.mark.parametrize(
    ("local", "brought"),
    [
        (ADA, ADA),
        ("Ada@Example.COM", ADA),
        (f"{ADA} ", ADA),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@bücher.example"),
    ],
)
def test_a_known_unconfirmed_address_creates_no_user(
    client: Client,
    make_user: MakeUser,
    caplog: pytest.LogCaptureFixture,
    local: str,
    brought: str,
    status: str,
) -> None:
    make_user(local)
    assert_refused(come_as(client, (brought, status)), caplog, "account_exists")
    assert get_user_model()._default_manager.count() == 1
    assert not CorbadoAccount.objects.exists()


@pytest.mark.matrix
@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_active": False}])
def test_nor_does_that_of_staff_or_of_an_inactive_user(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture, fields: dict[str, bool]
) -> None:
    known = {name: value for name, value in fields.items() if hasattr(get_user_model(), name)}
    make_user(ADA, **known)
    assert_refused(come_as(client, (ADA, "pending")), caplog, "account_exists")


def test_nor_does_one_that_two_users_have(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA, username="one")
    make_user(ADA.upper(), username="two")
    assert_refused(come_as(client, (ADA, "pending")), caplog, "account_exists")


@pytest.mark.parametrize(
    ("local", "confirmed"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@bücher.example"),
        (f" {ADA}", ADA),
        (f"{ADA} ", "ADA@example.com"),
    ],
)
def test_a_confirmed_address_links_however_it_is_written(
    client: Client, make_user: MakeUser, local: str, confirmed: str
) -> None:
    ada = make_user(local, username="ada")
    come_as(client, confirmed)
    assert signed_in_as(client) == str(ada.pk)


def test_an_address_removed_at_corbado_matches_no_user(client: Client, make_user: MakeUser) -> None:
    make_user(ADA, username="ada")
    come_as(client, (ADA, "deleted"), "robin@example.com")
    assert CorbadoAccount.objects.get().user.email == "robin@example.com"


def test_the_sites_own_hook_is_asked(
    client: Client, make_user: MakeUser, use: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use(OwnTable)
    make_user("old@example.com", username="ada", last_name=ADA)
    make_user("robin@example.com", username="robin")
    assert_refused(come_as(client, (ADA, "pending")), caplog, "account_exists")
    come_as(client, ("robin@example.com", "pending"), id="usr-2")
    assert CorbadoAccount.objects.get().corbado_user_id == "usr-2"


def test_a_site_that_ignores_addresses_is_left_alone(
    client: Client, make_user: MakeUser, use: Any
) -> None:
    use(AddressesIgnored)
    ada = make_user(ADA, username="ada")
    come_as(client, (ADA, "pending"))
    assert signed_in_as(client) == str(CorbadoAccount.objects.get().user_id) != str(ada.pk)


def test_a_site_of_known_people_says_so_too(
    client: Client, make_user: MakeUser, use: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use(MembersOnly)
    make_user(ADA)
    assert_refused(come_as(client, (ADA, "pending")), caplog, "account_exists")


# Someone who was deleted and created again at Corbado ---------------------------------------


@pytest.fixture
def left_behind(client: Client, corbado: Corbado, make_user: MakeUser) -> Any:
    """Return a local user whose Corbado user is no longer there."""
    ada = make_user(ADA, username="ada")
    come(client, corbado, corbado.add_user(ADA))
    account = CorbadoAccount.objects.get()
    CorbadoService().delete_user(account.corbado_user_id)
    client.post("/corbado/logout/")
    return ada


def test_a_user_deleted_at_corbado_who_comes_back_is_linked_again(
    client: Client, corbado: Corbado, left_behind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    again = corbado.add_user(ADA)
    assert come(client, corbado, again)["Location"] == "/account/"
    assert signed_in_as(client) == str(left_behind.pk)
    assert CorbadoAccount.objects.get().corbado_user_id == again.id
    assert "Unlinked" in caplog.text


def test_not_on_an_unconfirmed_address(client: Client, corbado: Corbado, left_behind: Any) -> None:
    again = corbado.add_user(ADA, confirmed=False)
    assert come(client, corbado, again).status_code == 403
    assert CorbadoAccount.objects.get().corbado_user_id != again.id


@pytest.mark.parametrize("status", [500, 401])
def test_not_without_corbados_word(
    client: Client, corbado: Corbado, left_behind: Any, status: int
) -> None:
    again = corbado.add_user(ADA)
    corbado.fail_next("/v1/users/*", status=status)
    assert come(client, corbado, again).status_code == 403
    assert CorbadoAccount.objects.get().corbado_user_id != again.id


def test_not_while_the_other_one_is_there(
    client: Client, corbado: Corbado, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    ada = make_user(ADA, username="ada")
    other = corbado.add_user("ada@example.org")
    CorbadoAccount.objects.link(ada, other.id, email="ada@example.org")
    assert come(client, corbado, corbado.add_user(ADA)).status_code == 403
    assert CorbadoAccount.objects.get().corbado_user_id == other.id
    assert "already_linked" in caplog.text


def test_nor_is_one_brought_back_who_was_shut_out_here(
    client: Client, corbado: Corbado, left_behind: Any
) -> None:
    left_behind.is_active = False
    left_behind.save()
    page = come(client, corbado, corbado.add_user(ADA))
    assert "Your account here is closed" in page.content.decode()


# Others -------------------------------------------------------------------------------------


def test_an_inactive_user_is_told(client: Client, make_user: MakeUser) -> None:
    make_user(ADA, is_active=False)
    page = come_as(client, ADA)
    assert "Your account here is closed" in page.content.decode()


@override_settings(AUTHENTICATION_BACKENDS=["tests.support.backends.SecondFactorBackend"])
def test_there_is_no_redirect_loop_where_no_page_asks_for_the_second_factor(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    """Our own login page would refuse them, too."""
    make_user("erin@example.com")
    answer = corbado.sign_in(client, corbado.add_user("erin@example.com"))
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "Please tell the people who run this site" in page
    assert "<a " not in page


@override_settings(AUTHENTICATION_BACKENDS=["tests.support.backends.SecondFactorBackend"])
def test_a_page_for_the_second_factor_that_does_not_exist_breaks_no_other_page(
    client: Client, corbado: Corbado, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SecondFactorBackend, "second_factor_url", "no:such-name")
    assert sign_in(client, "x" * 64).status_code == 400
    make_user("erin@example.com")
    answer = corbado.sign_in(client, corbado.add_user("erin@example.com"))
    assert "Please tell the people who run this site" in answer.content.decode()
    (message,) = [each for each in run_checks(tags=["corbado_auth"]) if "such-name" in each.msg]
    assert message.id == ids.SECOND_FACTOR_UNANSWERED
