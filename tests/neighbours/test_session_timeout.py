"""django-session-timeout: an old session ends, and no auth token or link is lost with it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django_session_timeout.middleware import SESSION_TIMEOUT_KEY

from corbado_auth.checks import ids
from corbado_auth.testing import Corbado
from tests.support.front_door import come_back, open_login_page
from tests.urls import urlpatterns as site


def basket(request: HttpRequest) -> HttpResponse:
    """Put something into the session of a visitor."""
    request.session["basket"] = ["a book"]
    return HttpResponse()


urlpatterns = [*site, path("basket/", basket)]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

PACKAGES_OWN = "django_session_timeout.middleware.SessionTimeoutMiddleware"


def grow_old(client: Client) -> None:
    """Let the session be eleven minutes older."""
    session = client.session
    session[SESSION_TIMEOUT_KEY] -= 660
    session.save()


@pytest.fixture
def visitor(client: Client) -> Client:
    """Someone who looked around for long before signing in."""
    client.get("/basket/")
    client.get("/")
    open_login_page(client, "/account/")
    grow_old(client)
    return client


@pytest.fixture
def token(corbado: Corbado) -> str:
    return corbado.issue_token(corbado.add_user("robin@example.com"))


def test_a_person_signs_in_is_signed_out_by_time_and_signs_in_again(
    client: Client, corbado: Corbado
) -> None:
    robin = corbado.add_user("robin@example.com")
    assert corbado.sign_in(client, robin, next="/account/").url == "/account/"
    assert client.get("/account/").status_code == 200
    grow_old(client)
    assert client.get("/account/?page=2").url == "/corbado/login/?next=%2Faccount%2F%3Fpage%3D2"
    assert client.get("/account/").status_code == 302
    assert corbado.sign_in(client, robin, next="/account/").url == "/account/"
    client.post("/corbado/logout/")
    assert client.get("/account/").status_code == 302


def test_a_token_signs_in_although_the_session_before_was_old(visitor: Client, token: str) -> None:
    assert come_back(visitor, token).url == "/account/"
    assert visitor.get("/account/").status_code == 200
    assert "basket" not in visitor.session


def test_the_confirm_page_answers_although_the_session_was_old(client: Client, token: str) -> None:
    client.get("/basket/")
    client.get("/")
    asked = come_back(client, token, referer=None, sec_fetch_site="none")
    grow_old(client)
    assert client.get(asked.url).status_code == 200


def test_the_passkeys_of_an_old_session_are_not_shown(client: Client, corbado: Corbado) -> None:
    corbado.sign_in(client, corbado.add_user("robin@example.com"))
    client.get("/account/")
    grow_old(client)
    answer = client.get("/corbado/passkeys/")
    assert answer.status_code == 302
    assert answer.url.startswith("/corbado/login/?next=")


def test_a_page_that_the_site_names_is_kept(client: Client, settings: Any) -> None:
    settings.SESSION_TIMEOUT_REDIRECT = "/too-late/"
    client.get("/basket/")
    client.get("/")
    grow_old(client)
    assert client.get("/account/?page=2").url == "/too-late/"


def test_a_page_that_is_not_there_leads_to_the_login_page_as_before(client: Client) -> None:
    client.get("/basket/")
    client.get("/")
    grow_old(client)
    assert client.get("/nowhere/").url == "/corbado/login/?next=%2Fnowhere%2F"


def test_the_packages_own_middleware_loses_the_token(
    visitor: Client, token: str, settings: Any
) -> None:
    """Why there is a middleware of ours; if this fails, the package has changed."""
    ours = settings.MIDDLEWARE
    settings.MIDDLEWARE = [*ours[:-1], PACKAGES_OWN]
    visitor.handler.load_middleware()
    assert come_back(visitor, token).url == "/corbado/login/?next=/corbado/redirect/"
    assert [each.id for each in run_checks(tags=["corbado_auth"])] == [
        ids.SESSION_TIMEOUT_LOSES_TOKENS
    ]


def test_the_check_is_content_with_ours() -> None:
    assert run_checks(tags=["corbado_auth"]) == []
