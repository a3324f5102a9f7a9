"""A site that calls ``next`` something else."""

from __future__ import annotations

from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.contrib.admin import AdminSite
from django.contrib.auth import get_user_model
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client
from django.urls import include, path

from corbado_auth.decorators import login_page
from corbado_auth.mixins import CorbadoAdminMixin
from corbado_auth.testing import Corbado
from corbado_auth.views import LoginView
from tests.support.front_door import FROM_LOGIN_PAGE, come_back, open_login_page, sign_in
from tests.urls import matters

pytestmark = pytest.mark.django_db

OWN_PAGE = "{% load corbado %}{% corbado_auth %}{% corbado_connect_login %}"


class OwnAdminSite(CorbadoAdminMixin, AdminSite):
    """The admin, which always says ``next``."""


@login_page
def own_login_page(request: HttpRequest) -> HttpResponse:
    """Show the site's own login page."""
    return HttpResponse(engines["django"].from_string(OWN_PAGE).render({}, request))


@login_required(redirect_field_name="weiter")
def orders(request: HttpRequest) -> HttpResponse:
    """Show the orders of a signed-in person."""
    return HttpResponse("Orders")


@pytest.fixture(autouse=True)
def site(settings: LazySettings) -> ModuleType:
    """Call it ``weiter``, on a site whose decorators and login page do so as well."""
    urlconf = ModuleType("urls_of_the_site")
    urlconf.urlpatterns = [  # type: ignore[attr-defined]
        path("orders/", orders),
        path("matters/", matters),
        path("sign-in/", own_login_page),
        path("plain/", auth_views.LoginView.as_view(redirect_field_name="weiter")),
        path("other/", LoginView.as_view(redirect_field_name="danach")),
        path("admin/", OwnAdminSite().urls),
        path("corbado/", include("corbado_auth.urls")),
    ]
    settings.ROOT_URLCONF = urlconf
    settings.CORBADO_REDIRECT_FIELD_NAME = "weiter"
    return urlconf


def query_of(url: str) -> dict[str, list[str]]:
    """Return the query of a URL."""
    return parse_qs(urlsplit(url).query)


def test_a_decorated_page_is_reached_through_our_login_page(
    client: Client, corbado: Corbado
) -> None:
    robin = corbado.add_user("robin@example.com")
    page = client.get("/orders/", follow=True)
    assert page.wsgi_request.get_full_path() == "/corbado/login/?weiter=%2Forders%2F"
    assert come_back(client, corbado.issue_token(robin)).url == "/orders/"


def test_of_two_tabs_each_goes_to_its_own_page(client: Client, corbado: Corbado) -> None:
    robin = corbado.add_user("robin@example.com")
    client.get("/corbado/login/?weiter=/one/")
    client.get("/corbado/login/?weiter=/two/")
    referer = "http://testserver/corbado/login/?weiter=/one/"
    assert come_back(client, corbado.issue_token(robin), referer=referer).url == "/one/"


def test_other_apps_may_still_say_next(client: Client, corbado: Corbado) -> None:
    token = corbado.issue_token(corbado.add_user("robin@example.com"))
    assert sign_in(client, token, "/admin/").url == "/admin/"


def test_another_site_is_no_destination_by_either_name(client: Client, corbado: Corbado) -> None:
    token = corbado.issue_token(corbado.add_user("robin@example.com"))
    client.get("/corbado/login/?weiter=https://evil.example.org/")
    assert come_back(client, token).url == "/account/"


@pytest.mark.parametrize("query", ["?weiter=/orders/", "?next=/orders/"])
def test_the_password_form_goes_there_too(client: Client, query: str) -> None:
    get_user_model().objects.create_user("robin", password="a password")
    page = client.get(f"/corbado/login/{query}")
    assert '<input type="hidden" name="weiter" value="/orders/">' in page.content.decode()
    fields = {"username": "robin", "password": "a password", "weiter": "/orders/"}
    assert client.post("/corbado/login/", fields).url == "/orders/"


def test_a_view_may_have_a_name_of_its_own(client: Client) -> None:
    get_user_model().objects.create_user("robin", password="a password")
    page = client.get("/other/?danach=/orders/")
    assert '<input type="hidden" name="danach" value="/orders/">' in page.content.decode()
    fields = {"username": "robin", "password": "a password", "danach": "/orders/"}
    assert client.post("/other/", fields).url == "/orders/"


@pytest.mark.parametrize("page", ["/corbado/passkeys/", "/matters/"])
def test_our_pages_lead_to_the_sites_own_login_page(
    client: Client, settings: LazySettings, page: str
) -> None:
    settings.LOGIN_URL = "/plain/"
    response = client.get(page)
    assert response.url.startswith("/plain/?")
    assert query_of(response.url) == {"weiter": [page]}


def test_a_script_gets_the_same_link(client: Client, settings: LazySettings) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/orders/?page=2"}
    response = client.get("/corbado/login/?weiter=/part/", headers=headers)
    assert query_of(response["HX-Redirect"]) == {"weiter": ["/orders/?page=2"]}


def test_tags_on_the_sites_own_page_know_where_to_go(
    client: Client, settings: LazySettings
) -> None:
    settings.CORBADO_CONNECT = "both"
    page = client.get("/sign-in/?weiter=/orders/").content.decode()
    assert 'data-next="/orders/"' in page
    assert "?weiter=%2Forders%2F" in page


def test_the_admin_keeps_its_own_name(client: Client, corbado: Corbado) -> None:
    response = client.get("/admin/login/?weiter=/admin/auth/")
    assert query_of(response.url)["next"] == ["/admin/auth/"]


def test_sign_out_goes_on_by_either_name(client: Client) -> None:
    for name in ("weiter", "next"):
        assert client.post("/corbado/logout/", {name: "/orders/"}).url == "/orders/"


def test_our_pages_lead_back(client: Client, corbado: Corbado) -> None:
    sign_in(client, corbado.issue_token(corbado.add_user("robin@example.com")))
    page: Any = client.get("/corbado/passkeys/?weiter=/orders/", headers=FROM_LOGIN_PAGE)
    assert page.context["back_url"] == "/orders/"


def test_the_test_kit_calls_it_so(client: Client, corbado: Corbado) -> None:
    robin = corbado.add_user("robin@example.com")
    answer = corbado.sign_in(client, robin, next="/orders/")
    assert answer.url == "/orders/"
    assert open_login_page(client).status_code == 200
