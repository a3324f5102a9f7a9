"""django-allauth: one session for both, reauthentication by passkey, and second factors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.views import LoginView
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.core.checks import run_checks
from django.test import Client, override_settings
from django.urls import include, path

from corbado_auth.backends import CorbadoBackend
from corbado_auth.checks import ids
from corbado_auth.decorators import login_page
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado, User
from tests.support.front_door import age_sign_in
from tests.urls import urlpatterns as site

urlpatterns = [
    path("accounts/login/", login_page(LoginView.as_view()), name="account_login"),
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    *site,
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

LOGIN, ADD_TOTP = "/accounts/login/", "/accounts/2fa/totp/activate/"
PASSWORD = "an old password"
SESSION_API = "/_allauth/browser/v1/auth/session"
MakeUser = Callable[..., Any]


class ShopBackend(CorbadoBackend):
    """What a site with allauth.mfa writes."""

    local_emails_are_verified = True
    second_factor_url = "account_login"

    def has_second_factor(self, user: Any) -> bool:
        """Ask allauth."""
        return bool(is_mfa_enabled(user))


@pytest.fixture
def robin(corbado: Corbado) -> User:
    """Someone who has no password here."""
    return corbado.add_user("robin@example.com")


def sign_in(corbado: Corbado, client: Client, person: User, next: str = "") -> Any:
    return corbado.sign_in(client, person, login_url=LOGIN, next=next)


def test_a_person_signs_in_is_listed_and_signs_out_with_allauth(
    client: Client, corbado: Corbado, robin: User
) -> None:
    assert sign_in(corbado, client, robin, next="/account/").url == "/account/"
    assert client.get("/account/").status_code == 200
    assert UserSession.objects.count() == 1
    assert client.get(SESSION_API).json()["meta"]["is_authenticated"] is True
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/account/").status_code == 302


def test_the_api_of_allauth_ends_a_session_of_a_passkey(corbado: Corbado, robin: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    sign_in(corbado, browser, robin)
    assert browser.get(SESSION_API).json()["data"]["user"]["email"] == "robin@example.com"
    # Why the documentation says so: allauth notes an address at its own sign-ins alone.
    assert browser.get("/_allauth/browser/v1/account/email").json()["data"] == []
    headers = {"x-csrftoken": browser.cookies["csrftoken"].value}
    answer = browser.delete(SESSION_API, headers=headers)
    # 401 is how its API says that nobody is signed in any more.
    assert (answer.status_code, answer.json()["meta"]["is_authenticated"]) == (401, False)
    assert browser.get("/account/").status_code == 302


def test_a_session_ended_in_allauths_list_is_over(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(corbado, client, robin)
    client.get("/account/")
    UserSession.objects.get().end()
    assert client.get("/account/").status_code == 302


def test_without_a_password_a_recent_sign_in_is_enough(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(corbado, client, robin)
    assert client.get(ADD_TOTP).status_code == 200


def test_without_a_password_an_older_sign_in_leads_to_the_passkey_and_back(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(corbado, client, robin)
    age_sign_in(client)
    answer = client.get(ADD_TOTP)
    assert answer.url == f"{LOGIN}?next=%2Faccounts%2F2fa%2Ftotp%2Factivate%2F"
    assert client.get(answer.url).status_code == 200
    assert sign_in(corbado, client, robin, next=ADD_TOTP).url == ADD_TOTP
    assert client.get(ADD_TOTP).status_code == 200


@override_settings(ACCOUNT_ADAPTER="allauth.account.adapter.DefaultAccountAdapter")
def test_with_allauths_own_adapter_the_page_is_forbidden(
    client: Client, corbado: Corbado, robin: User
) -> None:
    """Why there is an adapter of ours; if this fails, allauth has changed."""
    sign_in(corbado, client, robin)
    assert client.get(ADD_TOTP).status_code == 403


def test_a_user_with_a_password_is_offered_the_passkey_beside_it(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    sign_in(corbado, client, corbado.add_user("erin@example.com"))
    age_sign_in(client)
    answer = client.get(ADD_TOTP)
    assert answer.url.startswith("/accounts/reauthenticate/")
    page = client.get(answer.url).content.decode()
    assert "Use your passkey" in page
    assert f'href="{LOGIN}?next=' in page


def test_a_password_of_allauths_page_is_no_passkey(client: Client, make_user: MakeUser) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    client.post(LOGIN, {"login": "erin", "password": PASSWORD})
    answer = client.get(ADD_TOTP)
    assert answer.url.startswith("/accounts/reauthenticate/")
    assert "Use your passkey" not in client.get(answer.url).content.decode()


@override_settings(CORBADO_CONNECT=True)
def test_a_passkey_of_connect_counts_too(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    erin = make_user("erin@example.com", username="erin", password=PASSWORD)
    assert corbado.sign_in_by_connect(client, erin).status_code == 200
    assert client.get(ADD_TOTP).status_code == 200
    age_sign_in(client)
    assert "Use your passkey" in client.get(ADD_TOTP, follow=True).content.decode()


# A second factor ----------------------------------------------------------------------------


def test_a_person_adds_a_second_factor_after_a_passkey_and_needs_it_from_then_on(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    person = corbado.add_user("erin@example.com")
    sign_in(corbado, client, person)
    secret = client.get(ADD_TOTP).context["form"].secret
    assert client.post(ADD_TOTP, {"code": totp_now(secret)}).status_code == 302
    client.post("/accounts/logout/")
    assert sign_in(corbado, client, person).status_code == 403
    client.post(LOGIN, {"login": "erin", "password": PASSWORD})
    assert client.get("/account/").status_code == 302
    cache.clear()  # So that the same code may be used twice in one minute.
    assert client.post("/accounts/2fa/authenticate/", {"code": totp_now(secret)}).status_code == 302
    assert client.get("/account/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/account/").status_code == 302


def totp_now(secret: str) -> str:
    """Return what the person's app shows."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


@pytest.fixture
def careful(corbado: Corbado, make_user: MakeUser) -> User:
    """Someone who has signed in with Corbado, and then added a second factor in allauth."""
    erin = make_user("erin@example.com", username="erin", password=PASSWORD)
    person = corbado.add_user("erin@example.com")
    sign_in(corbado, Client(), person)
    Authenticator.objects.create(user=erin, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return person


def test_a_link_by_email_does_not_stand_for_a_second_factor(
    client: Client, corbado: Corbado, careful: User, caplog: pytest.LogCaptureFixture
) -> None:
    answer = sign_in(corbado, client, careful)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "second factor" in page
    assert f'href="{LOGIN}"' in page
    assert "Sign-in refused: second_factor" in caplog.text
    assert client.get("/account/").status_code == 302
    assert CorbadoAccount.objects.get().sign_in_count == 1


def test_nor_does_it_link_a_new_person(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    erin = make_user("erin@example.com", username="erin", password=PASSWORD)
    Authenticator.objects.create(user=erin, type=Authenticator.Type.TOTP, data={"secret": "x"})
    answer = sign_in(corbado, client, corbado.add_user("erin@example.com"))
    assert answer.status_code == 403
    assert not CorbadoAccount.objects.exists()


@pytest.mark.usefixtures("careful")
def test_the_password_form_of_our_login_page_does_not_either(client: Client) -> None:
    page = client.post("/corbado/login/", {"username": "erin", "password": PASSWORD})
    assert page.status_code == 200
    assert "This account needs a second factor" in page.content.decode()
    assert client.get("/account/").status_code == 302


@pytest.mark.usefixtures("careful")
def test_allauth_asks_for_the_second_factor(client: Client) -> None:
    answer = client.post(LOGIN, {"login": "erin", "password": PASSWORD})
    assert answer.url.startswith("/accounts/2fa/authenticate/")


@pytest.mark.usefixtures("careful")
@override_settings(CORBADO_CONNECT="both")
def test_a_passkey_of_connect_is_two_factors(client: Client, corbado: Corbado) -> None:
    erin = CorbadoAccount.objects.get().user
    assert corbado.sign_in_by_connect(client, erin).status_code == 200
    assert client.get("/account/").status_code == 200


def test_the_check_asks_who_has_a_second_factor() -> None:
    assert run_checks(tags=["corbado_auth"]) == []
    own = ["tests.support.backends.AnsweredBackend"]
    with override_settings(AUTHENTICATION_BACKENDS=own):
        (message,) = run_checks(tags=["corbado_auth"])
    assert message.id == ids.SECOND_FACTOR_UNANSWERED
    assert "allauth.mfa.utils.is_mfa_enabled" in str(message.hint)


def test_what_takes_passwords_is_listed_where_passkeys_are_required(
    password_pages: list[str],
) -> None:
    assert password_pages == [
        LOGIN,
        "/_allauth/browser/v1/auth/login",
        "/_allauth/app/v1/auth/login",
    ]
