"""Nobody existing becomes a second user: what people are told, and how they get into their account.

Beside the pages the tests follow each way to its end, with the emulator behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.cache import cache
from django.core.exceptions import FieldError
from django.db import connection
from django.db.models import EmailField
from django.test import Client, RequestFactory
from django.urls import path
from pytest_django import Settings

from corbado_auth.backends import CorbadoBackend
from corbado_auth.identity import CorbadoUser
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado, User
from corbado_auth.views import CorbadoRedirectView
from tests.support.front_door import come_back, open_login_page
from tests.support.vouching import assert_refused, come_as, corbado_user, only_user, signed_in_as
from tests.urls import urlpatterns as site_urlpatterns

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


# In with the password ---------------------------------------------------------------------


# A confirmed address links everybody but staff.
@pytest.mark.parametrize(
    ("fields", "confirmed"),
    [({}, False), ({"is_staff": True}, False), ({"is_staff": True, "is_superuser": True}, True)],
    ids=["customer", "staff", "superuser, confirmed"],
)
def test_the_password_opens_the_account_and_the_passkey_ever_after(
    client: Client, corbado: Corbado, make_user: MakeUser, fields: dict[str, bool], confirmed: bool
) -> None:
    ada = make_user(ADA, username="ada", password=PASSWORD, **fields)
    person = corbado.add_user(ADA, confirmed=confirmed)
    page = come(client, corbado, person)
    assert "You have an account here already" in page.content.decode()
    answer = give_password(client, page)
    assert (answer.status_code, answer["Location"]) == (303, "/account/")
    assert signed_in_as(client) == str(ada.pk)
    account = CorbadoAccount.objects.get()
    assert (account.user, account.corbado_user_id) == (ada, person.id)
    assert account.email == (ADA if confirmed else "")
    assert account.last_password_at is not None
    assert not account.awaits_proof
    later = Client()
    come(later, corbado, person)
    assert signed_in_as(later) == str(ada.pk)


def test_of_two_users_with_one_address_the_password_says_which(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="one", password="another one")
    two = make_user(ADA.upper(), username="two", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA))
    give_password(client, page, "two")
    assert CorbadoAccount.objects.get().user == two


def test_a_wrong_password_is_told_and_can_be_given_again(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    again = give_password(client, page, password="wrong")
    assert 'role="alert"' in again.content.decode()
    assert not CorbadoAccount.objects.exists()
    assert give_password(client, again).status_code == 303
    assert CorbadoAccount.objects.exists()


def test_the_password_of_another_account_links_nothing(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada", password="not known")
    make_user("mallory@example.com", username="mallory", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    again = give_password(client, page, "mallory")
    assert "another email address" in again.content.decode()
    assert not CorbadoAccount.objects.exists()
    assert signed_in_as(client) is None


def test_an_unconfirmed_address_needs_proof_on_one_side_at_least(
    client: Client, corbado: Corbado, make_user: MakeUser, use: Any
) -> None:
    """Mallory has registered here with Ada's address, and signs up there with it, too."""
    use(Unproven)
    make_user(ADA, username="mallory", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    assert 'type="password"' not in page.content.decode()
    assert give_password(client, page, "mallory").status_code == 400
    assert not CorbadoAccount.objects.exists()


def test_a_confirmed_address_and_a_password_are_proof_enough(
    client: Client, corbado: Corbado, make_user: MakeUser, use: Any
) -> None:
    use(Unproven)
    ada = make_user(ADA, username="ada", password=PASSWORD, is_staff=True)
    page = come(client, corbado, corbado.add_user(ADA))
    give_password(client, page)
    assert signed_in_as(client) == str(ada.pk)


def test_a_site_may_have_no_links_by_password(
    client: Client, corbado: Corbado, make_user: MakeUser, use: Any
) -> None:
    use(NoPasswordLinks)
    make_user(ADA, username="ada", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    assert 'type="password"' not in page.content.decode()
    assert give_password(client, page).status_code == 400
    assert not CorbadoAccount.objects.exists()


def test_a_sign_in_that_nobody_asked_for_gets_no_password(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    """Mallory signs up with Ada's address, and sends Ada a link with the token."""
    make_user(ADA, username="ada", password=PASSWORD)
    mallory = corbado.add_user(ADA, confirmed=False)
    open_login_page(client)
    come_back(client, corbado.issue_token(mallory), sec_fetch_site="cross-site")
    page = say_yes(client)
    assert "You have an account here already" in page.content.decode()
    assert 'type="password"' not in page.content.decode()
    assert give_password(client, page).status_code == 400
    assert not CorbadoAccount.objects.exists()


def test_not_even_where_the_site_asks_for_no_proof(
    client: Client, corbado: Corbado, make_user: MakeUser, settings: Settings
) -> None:
    settings.ROOT_URLCONF = __name__
    make_user(ADA, username="ada", password=PASSWORD)
    mallory = corbado.add_user(ADA, confirmed=False)
    page = come_back(client, corbado.issue_token(mallory), sec_fetch_site="cross-site")
    assert "You have an account here already" in page.content.decode()
    assert 'type="password"' not in page.content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"id": "of another page"}},
        {"headers": {"sec-fetch-site": "same-site"}},
        {"headers": {"sec-fetch-site": "cross-site"}},
    ],
    ids=["another page", "a sub-domain", "another site"],
)
def test_only_the_page_itself_sends_the_password(
    client: Client, corbado: Corbado, make_user: MakeUser, change: dict[str, Any]
) -> None:
    make_user(ADA, username="ada", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    data = {**form_of(page, username="ada", password=PASSWORD), **change.get("data", {})}
    answer = client.post(LINK, data, headers=change.get("headers", {}))
    assert answer.status_code == 400
    assert not CorbadoAccount.objects.exists()


def test_the_forms_need_their_csrf_token(corbado: Corbado, make_user: MakeUser) -> None:
    make_user(ADA, username="ada", password=PASSWORD)
    client = Client(enforce_csrf_checks=True)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    assert give_password(client, page).status_code == 403
    assert client.post(CONFIRM_EMAIL, form_of(page)).status_code == 403
    token = client.cookies["csrftoken"].value
    data = form_of(page, username="ada", password=PASSWORD, csrfmiddlewaretoken=token)
    assert client.post(LINK, data).status_code == 303


def test_whoever_signs_in_in_between_ends_it(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    client.force_login(make_user("robin@example.com", username="robin"), DJANGOS)
    assert give_password(client, page).status_code == 400
    assert not CorbadoAccount.objects.exists()


def test_one_who_is_linked_already_is_not_linked_twice(
    client: Client, corbado: Corbado, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    ada = make_user(ADA, username="ada", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    CorbadoAccount.objects.link(ada, "usr-1")
    assert give_password(client, page).status_code == 403
    assert "already_linked" in caplog.text
    assert CorbadoAccount.objects.get().corbado_user_id == "usr-1"
    assert signed_in_as(client) is None


def test_the_password_is_asked_with_post_alone(client: Client) -> None:
    assert client.get(LINK).status_code == 405
    assert client.post(LINK, {"id": "x"}).status_code == 400


# In with a link by email ------------------------------------------------------------------


def test_a_link_by_email_opens_the_account_and_the_passkey_ever_after(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    ada = make_user(ADA, username="ada", password=PASSWORD)
    person = corbado.add_user(ADA, confirmed=False)
    page = come(client, corbado, person)
    link = ask_for_link(client, corbado, page)
    assert open_link(client, link)["Location"] == CONFIRM
    assert ADA in client.get(CONFIRM).content.decode()
    assert say_yes(client)["Location"] == "/account/"
    assert signed_in_as(client) == str(ada.pk)
    assert CorbadoAccount.objects.get().email == ADA
    later = Client()
    come(later, corbado, person)
    assert signed_in_as(later) == str(ada.pk)


def test_somebody_new_whose_address_has_to_be_confirmed_ends_in_their_new_account(
    client: Client, corbado: Corbado, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with USERNAME_FIELD = "email": the matrix runs it with such a model, too."""
    monkeypatch.setattr(get_user_model(), "USERNAME_FIELD", get_user_model().EMAIL_FIELD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    assert "Confirm your email address" in page.content.decode()
    assert not get_user_model()._default_manager.exists()
    open_link(client, ask_for_link(client, corbado, page))
    assert say_yes(client)["Location"] == "/account/"
    assert signed_in_as(client) == str(only_user().pk)
    assert only_user().email == ADA


def test_a_link_counts_only_in_the_browser_that_asked_for_it(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    """Mallory has Ada mailed a link, and Ada opens it."""
    make_user(ADA, username="ada", password=PASSWORD)
    person = corbado.add_user(ADA, confirmed=False)
    link = ask_for_link(client, corbado, come(client, corbado, person))
    ada = Client()
    page = open_link(ada, link)
    assert page.status_code == 400
    assert "where you asked for it" in page.content.decode()
    assert not CorbadoAccount.objects.exists()
    mallory = Client()
    assert "You have an account" in come(mallory, corbado, person).content.decode()
    # It is not spent by that.
    assert open_link(client, link)["Location"] == CONFIRM


def test_a_link_for_another_question_does_not_count(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada")
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    older = ask_for_link(client, corbado, page)
    newer = ask_for_link(client, corbado, page)
    assert open_link(client, older).status_code == 400
    assert open_link(client, newer)["Location"] == CONFIRM


def test_a_link_is_good_once_and_for_a_quarter_of_an_hour(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada")
    person = corbado.add_user(ADA, confirmed=False)
    link = ask_for_link(client, corbado, come(client, corbado, person))
    corbado.advance(minutes=16)
    page = open_link(client, link)
    assert page.status_code == 400
    assert "has been used or has expired" in page.content.decode()


def test_a_preview_does_not_use_a_link_up(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada")
    person = corbado.add_user(ADA, confirmed=False)
    link = ask_for_link(client, corbado, come(client, corbado, person))
    parts = urlsplit(link)
    preview = client.get(f"{parts.path}?{parts.query}", headers={"sec-fetch-dest": "image"})
    assert preview.status_code == 403
    assert open_link(client, link)["Location"] == CONFIRM


def test_nobodys_mailbox_is_filled(client: Client, corbado: Corbado, make_user: MakeUser) -> None:
    make_user(ADA, username="ada")
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    answers = [client.post(CONFIRM_EMAIL, form_of(page)).status_code for _ in range(6)]
    assert 429 in answers
    assert len(corbado.outbox) <= 4


@pytest.mark.parametrize(("status", "answered"), [(503, 503), (401, 500)])
def test_a_failure_of_corbado_is_said(
    client: Client, corbado: Corbado, make_user: MakeUser, status: int, answered: int
) -> None:
    make_user(ADA, username="ada")
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    corbado.fail_next("/v1/emailLinks", status=status)
    assert client.post(CONFIRM_EMAIL, form_of(page)).status_code == answered
    link = ask_for_link(client, corbado, page)
    corbado.fail_next("/v1/emailLinks/*/validate", status=status)
    assert open_link(client, link).status_code == answered


def test_corbado_has_to_say_itself_that_the_address_is_confirmed(
    client: Client, corbado: Corbado, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(ADA, username="ada")
    person = corbado.add_user(ADA, confirmed=False)
    link = ask_for_link(client, corbado, come(client, corbado, person))
    monkeypatch.setattr("corbado_auth.emulator.accounts.confirm_email", lambda *args: None)
    assert open_link(client, link).status_code == 403
    assert not CorbadoAccount.objects.exists()


def test_the_token_of_a_link_is_in_no_log(
    client: Client, corbado: Corbado, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA, username="ada")
    person = corbado.add_user(ADA, confirmed=False)
    link = ask_for_link(client, corbado, come(client, corbado, person))
    page = open_link(Client(), link)
    token = link.split("corbadoToken=")[1].split("#")[0]
    assert token not in caplog.text
    assert token not in page.wsgi_request.get_full_path()


def test_the_page_of_a_link_needs_a_question_first(client: Client) -> None:
    assert client.get(CONFIRM_EMAIL).status_code == 400
    assert client.post(CONFIRM_EMAIL, {"id": "x"}).status_code == 400


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


class TwoShops(Proven):
    """Two shops in one database, told apart by a column; here, the last name."""

    def may_sign_in(self, request: Any, user: Any, corbado_user: CorbadoUser) -> bool:
        return bool(user.last_name == request.get_host())


class AskingForNoProof(CorbadoRedirectView):
    login_intent = "off"


urlpatterns = [path("corbado/redirect/", AskingForNoProof.as_view()), *site_urlpatterns]
