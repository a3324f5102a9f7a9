"""Questions about passwords go to the site's own backends, and the login page has their form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_login_failed
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path, reverse
from pytest_django import Settings

from corbado_auth.backends import CorbadoBackend
from corbado_auth.models import CorbadoAccount, PasskeyNudge
from corbado_auth.views import LoginView
from tests.support.vouching import signed_in_as
from tests.support.webhook_cases import PROJECT_ID
from tests.urls import urlpatterns as site_urlpatterns
from tests.webhooks.test_webhooks import ADDRESS, PASSWORD, ask

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

MakeUser = Callable[..., Any]
LOGIN = "/corbado/login/"
OURS = "tests.support.backends.AnsweredBackend"
DJANGOS = "django.contrib.auth.backends.ModelBackend"


def by_address(address: str | None) -> Any:
    return get_user_model()._default_manager.filter(email__iexact=address or "").first()


class ByAddress(ModelBackend):
    """Finds people by their address, under Django's name for it."""

    def authenticate(  # type: ignore[override]
        self, request: object, username: str | None = None, password: str | None = None
    ) -> Any:
        user = by_address(username)
        return user if user and user.check_password(password) else None


class ByEmail(ModelBackend):
    """Finds people by their address, and says so."""

    def authenticate(  # type: ignore[override]
        self, request: object, email: str | None = None, password: str | None = None
    ) -> Any:
        user = by_address(email)
        return user if user and user.check_password(password) else None


class TakesAnything(ModelBackend):
    """Reads what it needs out of whatever it is given, as django-allauth's does."""

    def authenticate(self, request: object, **credentials: Any) -> Any:  # type: ignore[override]
        user = by_address(credentials.get("email"))
        return user if user and user.check_password(credentials["password"]) else None


class HandsOn(ModelBackend):
    """Hands whatever it is given to a method of its own, as django-oscar's does."""

    def _authenticate(
        self, request: object, email: Any = None, password: Any = None, **kwargs: Any
    ) -> Any:
        user = by_address(email or kwargs.get("username"))
        return user if user and user.check_password(password) else None

    def authenticate(self, *args: Any, **kwargs: Any) -> Any:
        return self._authenticate(*args, **kwargs)


class Directory(BaseBackend):
    """Keeps the passwords elsewhere, as LDAP does."""

    def authenticate(  # type: ignore[override]
        self, request: object, username: str | None = None, password: str | None = None
    ) -> Any:
        user = get_user_model()._default_manager.filter(username=username).first()
        return user if password == "in the directory" else None

    def get_user(self, user_id: Any) -> Any:
        return get_user_model()._default_manager.get(pk=user_id)


class Guard(BaseBackend):
    """Lets nobody in, but may refuse, as django-axes does."""

    def authenticate(  # type: ignore[override]
        self, request: object, username: str | None = None, password: str | None = None
    ) -> Any:
        if password == "one too many":
            raise PermissionDenied


class Link(ModelBackend):
    """Signs in by a mailed link."""

    def authenticate(self, request: object, link: str = "") -> Any:  # type: ignore[override]
        raise AssertionError("nobody is asked for a link here")


class SingleSignOn(ModelBackend):
    """Takes whatever it is given, and no password."""

    def authenticate(self, request: object, **kwargs: Any) -> Any:  # type: ignore[override]
        return None


class NobodyHasOne(CorbadoBackend):
    def has_password(self, user: AbstractBaseUser) -> bool:
        return False


class PlainLoginView(LoginView):
    has_password_form = False


def sign_up(request: HttpRequest) -> HttpResponse:
    """Sign somebody in as a site with several backends does after its own form."""
    user = get_user_model()._default_manager.get(email=ADDRESS)
    login(request, user, backend=DJANGOS)  # type: ignore[arg-type]
    return HttpResponse("welcome")


urlpatterns = [
    path("plain/", PlainLoginView.as_view()),
    path("sign-up/", sign_up),
    path("forgot/", sign_up, name="account_reset_password"),
    *site_urlpatterns,
]


def named(backend: type) -> str:
    return f"{__name__}.{backend.__name__}"


@pytest.fixture
def use(settings: Settings) -> Callable[..., None]:
    """Return the function that gives the site these backends beside ours."""

    def use(*backends: type | str) -> None:
        paths = [each if isinstance(each, str) else named(each) for each in backends]
        settings.AUTHENTICATION_BACKENDS = paths if OURS in paths else [*paths, OURS]

    return use


# The action webhook ---------------------------------------------------------------------------


@pytest.mark.parametrize("backend", [ByAddress, ByEmail, TakesAnything, HandsOn])
def test_the_webhook_asks_a_backend_the_way_it_takes_a_name(
    make_user: MakeUser, use: Callable[..., None], backend: type
) -> None:
    use(backend)
    make_user(ADDRESS, username="erin", password=PASSWORD)
    assert ask("authMethods") == {"status": "exists"}
    assert ask("passwordVerify") == {"success": True}
    assert ask("passwordVerify", password="wrong") == {"success": False}


@pytest.mark.parametrize("backend", [ByAddress, ByEmail, TakesAnything, HandsOn])
def test_somebody_named_like_the_address_stays_somebody_else(
    make_user: MakeUser, use: Callable[..., None], backend: type
) -> None:
    use(backend, DJANGOS)
    make_user(ADDRESS, username="erin", password="another one")
    make_user("mallory@example.com", username=ADDRESS, password=PASSWORD)
    assert ask("passwordVerify") == {"success": False}
    assert ask("passwordVerify", password="another one") == {"success": True}


@pytest.mark.parametrize("stored", ["", "!", "!unusable", "phpass$P$Bold", "plain text"])
def test_what_no_hasher_can_check_is_no_password(make_user: MakeUser, stored: str) -> None:
    user = make_user(ADDRESS)
    type(user)._default_manager.update(password=stored)
    assert ask("authMethods") == {"status": "not_exists"}


def test_a_directory_may_know_the_password_of_anybody(
    make_user: MakeUser, use: Callable[..., None]
) -> None:
    use(Directory, DJANGOS)
    make_user(ADDRESS, username="erin", password=None)
    assert ask("authMethods") == {"status": "exists"}
    assert ask("passwordVerify", password="in the directory") == {"success": True}


@pytest.mark.parametrize("others", [[Guard], [Link], [SingleSignOn], [Guard, Link, SingleSignOn]])
def test_backends_that_let_nobody_in_with_a_password_know_none(
    make_user: MakeUser, use: Callable[..., None], others: list[type]
) -> None:
    use(*others, DJANGOS)
    make_user(ADDRESS, password=None)
    assert ask("authMethods") == {"status": "not_exists"}


def test_a_guard_has_the_last_word(make_user: MakeUser, use: Callable[..., None]) -> None:
    use(Guard, DJANGOS)
    make_user(ADDRESS, username="erin", password="one too many")
    assert ask("passwordVerify", password="one too many") == {"success": False}


def test_a_guard_that_the_setting_does_not_name_has_it_too(
    make_user: MakeUser, use: Callable[..., None], settings: Settings
) -> None:
    use(Guard, DJANGOS)
    settings.CORBADO_PASSWORD_BACKENDS = [DJANGOS]
    make_user(ADDRESS, username="erin", password="one too many")
    assert ask("passwordVerify", password="one too many") == {"success": False}


@pytest.mark.parametrize(
    ("backend", "found"), [(NobodyHasOne, "not_exists"), (OURS, "exists")], ids=["none", "ours"]
)
def test_a_site_says_itself_who_has_a_password(
    make_user: MakeUser, use: Callable[..., None], backend: Any, found: str
) -> None:
    use(DJANGOS, backend)
    make_user(ADDRESS, password=PASSWORD)
    assert ask("authMethods") == {"status": found}


def test_without_a_backend_that_takes_passwords_nobody_has_one(
    make_user: MakeUser, settings: Settings
) -> None:
    settings.CORBADO_PASSWORD_BACKENDS = []
    make_user(ADDRESS, password=PASSWORD)
    assert ask("authMethods") == {"status": "not_exists"}


@pytest.mark.parametrize(
    "backend", [ByAddress, ByEmail, TakesAnything, HandsOn, Directory, DJANGOS]
)
def test_a_failure_is_told_once_however_many_ways_were_tried(
    make_user: MakeUser, use: Callable[..., None], backend: Any
) -> None:
    use(backend)
    make_user(ADDRESS, username="erin", password=PASSWORD)
    receiver = mock.Mock()
    user_login_failed.connect(receiver)
    try:
        ask("passwordVerify", password="wrong")
    finally:
        user_login_failed.disconnect(receiver)
    assert receiver.call_count == 1
    assert receiver.call_args.kwargs["credentials"] == {"username": "erin", "password": "*" * 20}


@pytest.mark.parametrize("backend", [ByAddress, ByEmail, TakesAnything, HandsOn, DJANGOS])
def test_a_stranger_is_looked_for_as_often_as_a_wrong_password(
    make_user: MakeUser, use: Callable[..., None], backend: Any
) -> None:
    use(backend)
    make_user(ADDRESS, username="erin", password=PASSWORD)
    assert asked(ADDRESS, backend) == asked("nobody@example.com", backend)


def asked(address: str, backend: Any) -> int:
    """Return how often a backend is asked about a wrong password for this address."""
    cls = ModelBackend if backend == DJANGOS else backend
    with mock.patch.object(cls, "authenticate", autospec=True, side_effect=cls.authenticate) as spy:
        ask("passwordVerify", username=address, password="wrong")
    return int(spy.call_count)


# The login page -------------------------------------------------------------------------------


def test_the_login_page_takes_a_password(client: Client, make_user: MakeUser) -> None:
    erin = make_user(ADDRESS, username="erin", password=PASSWORD)
    page = client.get(LOGIN, {"next": "/account/"})
    assert b"corbado-auth" in page.content
    answer = client.post(LOGIN, form_of(page) | {"username": "erin", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert signed_in_as(client) == str(erin.pk)


@pytest.mark.parametrize("typed", ["erin", ADDRESS, "Erin@Example.com"])
@pytest.mark.parametrize("backend", [ByAddress, ByEmail, TakesAnything, HandsOn])
def test_the_form_takes_what_the_backends_take(
    client: Client, make_user: MakeUser, use: Callable[..., None], backend: type, typed: str
) -> None:
    use(DJANGOS, backend)
    erin = make_user(ADDRESS, username="erin", password=PASSWORD)
    assert "Username or email" in client.get(LOGIN).content.decode()
    client.post(LOGIN, {"username": typed, "password": PASSWORD})
    assert signed_in_as(client) == str(erin.pk)


def test_a_wrong_password_is_told_on_the_page(client: Client, make_user: MakeUser) -> None:
    make_user(ADDRESS, username="erin", password=PASSWORD)
    page = client.post(LOGIN, {"username": "erin", "password": "wrong", "next": "/account/"})
    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()
    assert "wrong" not in page.content.decode()
    assert form_of(page)["next"] == "/account/"
    assert signed_in_as(client) is None


def test_an_inactive_user_does_not_get_in(client: Client, make_user: MakeUser) -> None:
    make_user(ADDRESS, username="erin", password=PASSWORD, is_active=False)
    assert client.post(LOGIN, {"username": "erin", "password": PASSWORD}).status_code == 200
    assert signed_in_as(client) is None


def test_the_form_needs_its_token(make_user: MakeUser) -> None:
    make_user(ADDRESS, username="erin", password=PASSWORD)
    client = Client(enforce_csrf_checks=True)
    assert client.post(LOGIN, {"username": "erin", "password": PASSWORD}).status_code == 403
    assert signed_in_as(client) is None


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/corbado/redirect/?corbadoAuthToken=x", "x"],
)
def test_a_password_leads_nowhere_else(client: Client, make_user: MakeUser, target: str) -> None:
    make_user(ADDRESS, username="erin", password=PASSWORD)
    answer = client.post(LOGIN, {"username": "erin", "password": PASSWORD, "next": target})
    assert answer["Location"] == django_settings.LOGIN_REDIRECT_URL


@pytest.mark.parametrize(
    ("url", "backends"),
    [("/plain/", None), (LOGIN, []), (LOGIN, [Link]), (LOGIN, [Guard])],
    ids=["switched off", "only ours", "a link", "a guard"],
)
def test_where_no_password_is_taken_there_is_no_form(
    client: Client,
    make_user: MakeUser,
    use: Callable[..., None],
    url: str,
    backends: list[type] | None,
) -> None:
    if backends is not None:
        use(*backends)
    make_user(ADDRESS, username="erin", password=PASSWORD)
    assert 'type="password"' not in client.get(url).content.decode()
    assert client.post(url, {"username": "erin", "password": PASSWORD}).status_code == 405
    assert signed_in_as(client) is None


def test_a_forgotten_password_is_replaced_where_the_site_can(client: Client) -> None:
    assert f'href="{reverse("account_reset_password")}"' in client.get(LOGIN).content.decode()


@pytest.mark.urls("tests.urls")
def test_no_link_for_a_forgotten_password_where_the_site_has_no_page(client: Client) -> None:
    page = client.get(LOGIN).content.decode()
    assert 'type="password"' in page
    assert "Forgot" not in page


def test_the_page_keeps_no_link_token_in_the_form(client: Client) -> None:
    page = client.get(LOGIN, {"corbadoToken": "canary-of-the-link"}).content.decode()
    assert "canary-of-the-link" not in page
    assert f'action="{LOGIN}"' in page


def test_opening_the_page_with_the_form_makes_no_session(client: Client) -> None:
    client.get(LOGIN)
    assert not Session.objects.exists()


# What counts as a sign-in with a password -----------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "counts"), [(None, True), ([], False)], ids=["default", "none"]
)
def test_a_sign_in_that_names_its_backend_counts(
    client: Client, make_user: MakeUser, settings: Settings, setting: Any, counts: bool
) -> None:
    settings.CORBADO_PASSWORD_BACKENDS = setting
    user = make_user(ADDRESS, password=PASSWORD)
    CorbadoAccount.objects.create(user=user, project_id=PROJECT_ID, corbado_user_id="usr-1")
    client.get("/sign-up/")
    assert (CorbadoAccount.objects.get().last_password_at is not None) is counts
    assert PasskeyNudge.objects.exists() is counts


def test_a_sign_in_through_another_backend_is_no_password(
    client: Client, make_user: MakeUser, use: Callable[..., None]
) -> None:
    use(Link, DJANGOS)
    user = make_user(ADDRESS, password=PASSWORD)
    CorbadoAccount.objects.create(user=user, project_id=PROJECT_ID, corbado_user_id="usr-1")
    client.force_login(user, backend=named(Link))
    assert CorbadoAccount.objects.get().last_password_at is None
    client.force_login(user, backend=DJANGOS)
    assert CorbadoAccount.objects.get().last_password_at is not None


def form_of(page: Any) -> dict[str, str]:
    """Return the hidden field of the form."""
    content = page.content.decode()
    start = content.index('name="next" value="') + len('name="next" value="')
    return {"next": content[start : content.index('"', start)]}
