"""Nobody existing becomes a second user: what people are told, and how they get into their account.

Beside the pages the tests follow each way to its end, with the emulator behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import authenticate, get_user, get_user_model
from django.core.cache import cache
from django.core.exceptions import FieldError
from django.db import connection
from django.db.models import EmailField
from django.test import Client, RequestFactory, override_settings
from pytest_django import Settings

from corbado_auth.backends import CorbadoBackend
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.identity import CorbadoUser
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado, User
from tests.support.vouching import assert_refused, come_as, corbado_user, only_user, signed_in_as

pytestmark = pytest.mark.django_db

MakeUser = Callable[..., Any]
ADA, PASSWORD = "ada@example.com", "an old password"
LINK, CONFIRM_EMAIL, CONFIRM = (
    "/corbado/link-account/",
    "/corbado/confirm-email/",
    "/corbado/confirm/",
)
DJANGOS = "django.contrib.auth.backends.ModelBackend"


class Proven(CorbadoBackend):
    local_emails_are_verified = True


class Unproven(CorbadoBackend):
    local_emails_are_verified = False


class NoPasswordLinks(Proven):
    link_by_password = False


class MembersOnly(Proven):
    create_unknown_user = False


class AddressesIgnored(Proven):
    match_by_email = False


class OwnTable(Proven):
    """A site that keeps proven addresses elsewhere; here, in the last name."""

    def match_user(self, corbado_user: CorbadoUser) -> Any:
        users = get_user_model()._default_manager
        return users.filter(last_name__in=corbado_user.verified_emails).first()


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def use(settings: Settings) -> Callable[[type], None]:
    """Return the function that makes a site use a subclass; it begins with `Proven`."""

    def use(backend: type) -> None:
        settings.AUTHENTICATION_BACKENDS = [DJANGOS, f"{__name__}.{backend.__name__}"]

    use(Proven)
    return use


def come(client: Client, corbado: Corbado, person: User) -> Any:
    """Sign in as a browser that opened the login page."""
    return corbado.sign_in(client, person, next="/account/")


def form_of(page: Any, **more: str) -> dict[str, str]:
    return {"id": page.context["result"].id, **more}


def give_password(client: Client, page: Any, name: str = "ada", password: str = PASSWORD) -> Any:
    return client.post(LINK, form_of(page, username=name, password=password))


def ask_for_link(client: Client, corbado: Corbado, page: Any) -> str:
    """Ask for a link by email, and return it."""
    answer = client.post(CONFIRM_EMAIL, form_of(page))
    assert answer.status_code == 303, answer.content
    assert client.get(answer["Location"]).status_code == 200
    return corbado.outbox[-1].link


def open_link(client: Client, link: str) -> Any:
    """Open it as a mail program does."""
    parts = urlsplit(link)
    headers = {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    return client.get(f"{parts.path}?{parts.query}", headers=headers)


def say_yes(client: Client) -> Any:
    """Press the button of the confirm page."""
    return client.post(CONFIRM, form_of(client.get(CONFIRM)))


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
    ],
)
def test_an_unconfirmed_address_that_is_known_makes_nobody(
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
def test_nor_does_that_of_staff_or_of_somebody_who_was_shut_out(
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


def test_an_address_that_was_taken_off_there_is_nobodys(
    client: Client, make_user: MakeUser
) -> None:
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


# Lookups that cannot tell -----------------------------------------------------------------


@pytest.fixture
def no_email_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the user model name a field that it does not have."""
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "no_such_field")


@pytest.fixture
def unsearchable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the email field refuse lookups, as encrypted ones do."""
    _replace_email_field(monkeypatch, _Unsearchable)


@pytest.fixture
def encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database keep something else than what the model shows."""
    _replace_email_field(monkeypatch, _Encrypted)
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(get_user_model()._meta.db_table)
        cursor.execute(f"UPDATE {table} SET email = %s", [ADA[::-1]])  # noqa: S608


class _Unsearchable(EmailField):
    def get_lookup(self, name: str) -> Any:
        raise FieldError(f"{name} is not supported")


class _Encrypted(EmailField):
    """Keeps each address the other way round; a lookup looks for it as it is."""

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        return super().get_db_prep_save(value, connection)[::-1]

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return value[::-1]


def _replace_email_field(monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    monkeypatch.setattr(get_user_model()._meta.get_field("email"), "__class__", kind)


@pytest.mark.parametrize("blind", ["no_email_field", "unsearchable", "encrypted"])
@pytest.mark.parametrize("status", ["active", "pending"])
def test_where_the_lookup_cannot_tell_nobody_is_made(
    client: Client,
    make_user: MakeUser,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    blind: str,
    status: str,
) -> None:
    make_user(ADA, username="ada")
    request.getfixturevalue(blind)
    assert_refused(come_as(client, (ADA, status)), caplog, "lookup_is_blind")
    assert only_user()


@pytest.mark.parametrize("blind", ["unsearchable", "encrypted"])
def test_a_password_links_where_the_lookup_cannot_tell(
    client: Client,
    corbado: Corbado,
    make_user: MakeUser,
    request: pytest.FixtureRequest,
    blind: str,
) -> None:
    ada = make_user(ADA, username="ada", password=PASSWORD)
    request.getfixturevalue(blind)
    page = come(client, corbado, corbado.add_user(ADA))
    assert "You may have an account here already" in page.content.decode()
    assert give_password(client, page)["Location"] == "/account/"
    assert CorbadoAccount.objects.get().user_id == ada.pk


def test_a_field_of_the_sites_own_that_can_be_searched_is_no_hindrance(
    client: Client, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("robin@example.com", username="robin")
    _replace_email_field(monkeypatch, type("OwnEmailField", (EmailField,), {}))
    come_as(client, ADA)
    assert signed_in_as(client) == str(CorbadoAccount.objects.get().user_id)


# Somebody who was created anew at Corbado ----------------------------------------------------


@pytest.fixture
def left_behind(client: Client, corbado: Corbado, make_user: MakeUser) -> Any:
    """Return a local user whose Corbado user is no longer there."""
    ada = make_user(ADA, username="ada")
    come(client, corbado, corbado.add_user(ADA))
    account = CorbadoAccount.objects.get()
    CorbadoService().delete_user(account.corbado_user_id)
    client.post("/corbado/logout/")
    return ada


def test_whoever_was_deleted_there_and_came_back_is_linked_anew(
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


def test_whoever_was_shut_out_is_told(client: Client, make_user: MakeUser) -> None:
    make_user(ADA, is_active=False)
    page = come_as(client, ADA)
    assert "Your account here is closed" in page.content.decode()


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


class OneShop(Proven):
    """One of two shops on one database, told apart by a column; here, the last name."""

    def match_user(self, corbado_user: CorbadoUser) -> Any:
        users = get_user_model()._default_manager.filter(last_name=django_settings.SHOP)
        return users.filter(email__in=corbado_user.verified_emails).first()

    def may_sign_in(self, request: Any, user: Any, corbado_user: CorbadoUser) -> bool:
        return bool(user.last_name == django_settings.SHOP)


class TwoShops(Proven):
    """Two shops in one database, told apart by a column; here, the last name."""

    def may_sign_in(self, request: Any, user: Any, corbado_user: CorbadoUser) -> bool:
        return bool(user.last_name == request.get_host())


@override_settings(AUTHENTICATION_BACKENDS=["tests.support.backends.SecondFactorBackend"])
def test_nobody_is_led_in_a_circle_where_no_page_asks_for_the_second_factor(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    """Our own login page would refuse them, too."""
    make_user("erin@example.com")
    answer = corbado.sign_in(client, corbado.add_user("erin@example.com"))
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "Please tell the people who run this site" in page
    assert "<a " not in page
