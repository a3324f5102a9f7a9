"""The login page has a form for passwords, which the site's own backends check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model, login
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path, reverse
from pytest_django import Settings

from corbado_auth.models import CorbadoAccount, PasskeyNudge
from corbado_auth.views import LoginView
from tests.support.backends import DJANGOS, named
from tests.support.password_backends import ByAddress, ByEmail, Guard, HandsOn, Link, TakesAnything
from tests.support.vouching import signed_in_as
from tests.support.webhook import PROJECT_ID
from tests.urls import urlpatterns as site_urlpatterns
from tests.webhooks.test_webhooks import ADDRESS, PASSWORD

MakeUser = Callable[..., Any]
LOGIN = "/corbado/login/"

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class PlainLoginView(LoginView):
    has_password_form = False


def sign_up(request: HttpRequest) -> HttpResponse:
    """Sign someone in as a site with several backends does after its own form."""
    user = get_user_model()._default_manager.get(email=ADDRESS)
    login(request, user, backend=DJANGOS)  # type: ignore[arg-type]
    return HttpResponse("welcome")


urlpatterns = [
    path("plain/", PlainLoginView.as_view()),
    path("sign-up/", sign_up),
    path("forgot/", sign_up, name="account_reset_password"),
    *site_urlpatterns,
]


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
    client: Client,
    make_user: MakeUser,
    use_password_backends: Callable[..., None],
    backend: type,
    typed: str,
) -> None:
    use_password_backends(DJANGOS, backend)
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
    use_password_backends: Callable[..., None],
    url: str,
    backends: list[type] | None,
) -> None:
    if backends is not None:
        use_password_backends(*backends)
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
    client: Client, make_user: MakeUser, use_password_backends: Callable[..., None]
) -> None:
    use_password_backends(Link, DJANGOS)
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
