"""Signing in to Django's admin: with a passkey above the password, or instead of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import include, path

from corbado_auth import switch
from corbado_auth.mixins import CorbadoAdminMixin
from corbado_auth.models import CorbadoAccount
from corbado_auth.sign_in.intent import is_login_page
from corbado_auth.testing import Corbado, User
from tests.support.backends import AnsweredBackend


class Plain(CorbadoAdminMixin, AdminSite):
    """An ordinary admin site."""


class PasskeysAlone(CorbadoAdminMixin, AdminSite):
    """An admin site without a password form."""

    has_password_form = False


class StrictBackend(AnsweredBackend):
    """A backend by which everyone has a second factor."""

    def has_second_factor(self, user: Any) -> bool:
        return True


office, vault = Plain(), PasskeysAlone(name="vault")
for site in (office, vault):
    site.register(get_user_model())

urlpatterns = [
    path("corbado/", include("corbado_auth.urls")),
    path("admin/", office.urls),
    path("vault/", vault.urls),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

MakeUser = Callable[..., Any]
PASSWORD = "correct horse"
COMPONENT, FIELD = "<corbado-auth ", 'name="password"'
LOGIN = "/admin/login/?next=/admin/"


@pytest.fixture
def boss(make_user: MakeUser) -> Any:
    """A superuser with a password."""
    return make_user(
        "boss@example.com", username="boss", password=PASSWORD, is_staff=True, is_superuser=True
    )


@pytest.fixture
def linked(corbado: Corbado, boss: Any, settings: Any) -> User:
    """The same person at Corbado, linked by hand."""
    person = corbado.add_user("boss@example.com")
    CorbadoAccount.objects.create(
        user=boss, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id=person.id
    )
    return person


def text(response: Any) -> str:
    """Return the page."""
    return str(response.content.decode())


def test_the_component_is_above_the_password_form(corbado: Corbado, client: Client) -> None:
    page = text(client.get(LOGIN))
    assert 0 < page.index(COMPONENT) < page.index(FIELD)
    assert page.count("<form") == 1


def test_staff_sign_in_without_a_click_more(corbado: Corbado, client: Client, linked: User) -> None:
    answer = client.get("/admin/auth/user/")
    assert answer.url == "/admin/login/?next=/admin/auth/user/"
    response = corbado.sign_in(client, linked, login_url="/admin/login/", next="/admin/auth/user/")
    assert (response.status_code, response.url) == (303, "/admin/auth/user/")
    assert client.get(response.url).status_code == 200


def test_a_login_page_without_next_leads_to_the_site_that_it_belongs_to(
    corbado: Corbado, client: Client, linked: User
) -> None:
    assert client.get("/vault/login/").url == "/vault/login/?next=/vault/"
    assert corbado.sign_in(client, linked, login_url="/vault/login/", next="/vault/").url == (
        "/vault/"
    )


@pytest.mark.parametrize("next_url", ["https://evil.example/", "/corbado/redirect/?a=b", "//x"])
def test_a_foreign_next_is_replaced(corbado: Corbado, client: Client, next_url: str) -> None:
    answer = client.get("/admin/login/", {"next": next_url})
    assert (answer.status_code, answer.url) == (302, LOGIN)


@pytest.mark.parametrize("page", ["/admin/login/", "/vault/login/"])
def test_both_are_login_pages(page: str) -> None:
    assert is_login_page(page)


def test_a_password_signs_in_as_ever(corbado: Corbado, client: Client, boss: Any) -> None:
    form = {"username": "boss", "password": PASSWORD, "next": "/admin/auth/user/"}
    assert client.post(LOGIN, form).url == "/admin/auth/user/"
    assert client.get(LOGIN).url == "/admin/"


def test_a_wrong_password_shows_both_ways_again(
    corbado: Corbado, client: Client, boss: Any
) -> None:
    page = text(client.post(LOGIN, {"username": "boss", "password": "wrong"}))
    assert "Please enter the correct" in page
    assert COMPONENT in page


def test_the_page_can_do_without_the_password_form(
    corbado: Corbado, client: Client, boss: Any
) -> None:
    page = text(client.get("/vault/login/?next=/vault/"))
    assert COMPONENT in page
    assert FIELD not in page
    answer = client.post("/vault/login/", {"username": "boss", "password": PASSWORD})
    assert answer.status_code == 405
    assert client.get("/vault/").status_code == 302


def test_one_setting_takes_the_password_form_off(
    corbado: Corbado, client: Client, boss: Any, settings: Any
) -> None:
    settings.CORBADO_ADMIN_PASSWORD_FORM = False
    assert FIELD not in text(client.get(LOGIN))
    assert client.post(LOGIN, {"username": "boss", "password": PASSWORD}).status_code == 405


def test_there_is_no_form_for_passwords_that_nothing_takes(
    corbado: Corbado, client: Client, settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = ["tests.support.backends.AnsweredBackend"]
    assert FIELD not in text(client.get(LOGIN))


def test_while_corbado_is_down_the_switch_brings_the_password_back(
    corbado: Corbado, client: Client, boss: Any, linked: User
) -> None:
    corbado.fail_next("*", status=503, times=0)
    down = corbado.sign_in(client, linked, login_url="/vault/login/", next="/vault/")
    assert down.status_code == 503
    switch.turn(False)
    page = text(client.get("/vault/login/?next=/vault/"))
    assert FIELD in page
    assert COMPONENT not in page
    answer = client.post(
        "/vault/login/?next=/vault/", {"username": "boss", "password": PASSWORD, "next": "/vault/"}
    )
    assert answer.url == "/vault/"
    assert client.get("/vault/").status_code == 200


def test_a_page_with_both_needs_no_switch_while_corbado_is_down(
    corbado: Corbado, client: Client, boss: Any
) -> None:
    corbado.fail_next("*", status=503, times=0)
    assert FIELD in text(client.get(LOGIN))
    assert client.post(LOGIN, {"username": "boss", "password": PASSWORD}).status_code == 302


def test_a_user_who_is_not_staff_is_refused_without_a_form_or_a_loop(
    corbado: Corbado, client: Client
) -> None:
    response = corbado.sign_in(
        client, corbado.add_user("erin@example.com"), login_url="/admin/login/", next="/admin/"
    )
    page = client.get(response.url, follow=True)
    assert [url for url, _status in page.redirect_chain] == [LOGIN]
    assert page.status_code == 403
    assert "You have no access here" in text(page)
    assert "erin@example.com" in text(page)
    assert COMPONENT not in text(page)
    assert FIELD not in text(page)
    assert client.post(LOGIN, {"username": "boss", "password": PASSWORD}).status_code == 403


def test_the_refusal_leads_out_and_back_to_the_login_page(
    corbado: Corbado, client: Client, linked: User
) -> None:
    corbado.sign_in(client, corbado.add_user("erin@example.com"))
    page = client.get(LOGIN)
    assert f'name="next" value="{LOGIN}"' in text(page)
    assert client.post("/corbado/logout/", {"next": LOGIN}).url == LOGIN
    assert COMPONENT in text(client.get(LOGIN))
    assert corbado.sign_in(client, linked, login_url="/admin/login/").url == "/admin/"


def test_signing_out_of_the_admin_lets_the_browser_forget_the_person(
    corbado: Corbado, client: Client, linked: User, settings: Any
) -> None:
    settings.LOGOUT_REDIRECT_URL = None
    corbado.sign_in(client, linked, login_url="/admin/login/", next="/admin/")
    page = client.post("/admin/logout/")
    assert page.cookies["corbado_auth_signed_out"].value == "1"
    assert '<script src="/static/corbado_auth/forget.js"></script>' in page.content.decode()
    assert "Log in again" in page.content.decode()
    assert client.get("/admin/").status_code == 302


def test_a_password_alone_does_not_do_for_people_with_a_second_factor(
    corbado: Corbado, client: Client, boss: Any, settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        f"{__name__}.StrictBackend",
    ]
    page = client.post(LOGIN, {"username": "boss", "password": PASSWORD})
    assert page.status_code == 200
    assert "needs a second factor" in text(page)


def test_connect_has_its_component_there_too(
    corbado: Corbado, client: Client, boss: Any, settings: Any
) -> None:
    settings.CORBADO_CONNECT = "both"
    page = text(client.get(LOGIN))
    assert 'data-corbado-connect="login"' in page
    assert 'data-next="/admin/"' in page
    assert "/admin/login/?older=yes&amp;next=%2Fadmin%2F" in page
    assert COMPONENT in text(client.get(f"{LOGIN}&older=yes"))


def test_a_passkey_of_connect_opens_the_admin(
    corbado: Corbado, client: Client, boss: Any, settings: Any
) -> None:
    settings.CORBADO_CONNECT = True
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        f"{__name__}.LinkingBackend",
    ]
    client.get(LOGIN)
    assert corbado.sign_in_by_connect(client, boss, next="/admin/").json() == {"next": "/admin/"}
    assert client.get("/admin/").status_code == 200


class LinkingBackend(AnsweredBackend):
    """A backend that lets staff have passkeys at Connect."""

    link_staff = True


def test_the_template_that_a_site_names_is_the_one_around_it(
    corbado: Corbado, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "login_template", "admin/base_site.html")
    page = text(client.get(LOGIN))
    assert COMPONENT in page
    assert FIELD not in page


def test_htmx_is_answered_as_it_expects(corbado: Corbado, client: Client) -> None:
    answer = client.get(LOGIN, headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/admin/login/")
