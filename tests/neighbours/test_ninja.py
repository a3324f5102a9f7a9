"""django-ninja: its API knows who is signed in by our session, and asks for a CSRF token."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.test import Client
from django.urls import path
from ninja import NinjaAPI, Schema
from ninja.security import django_auth

from corbado_auth.decorators import recent_sign_in_required
from corbado_auth.testing import Corbado
from tests.support.front_door import age_sign_in
from tests.urls import urlpatterns as site

api = NinjaAPI(auth=django_auth, docs_url=None)


@api.get("/me")
def me(request: HttpRequest) -> dict[str, Any]:
    """Say who is signed in."""
    return {"email": request.user.email}  # type: ignore[union-attr]


@api.post("/orders")
def order(request: HttpRequest) -> dict[str, Any]:
    """Do something."""
    return {"done": True}


@api.get("/transfer")
@recent_sign_in_required(max_age=600)
def transfer(request: HttpRequest) -> dict[str, Any]:
    """Do something that matters."""
    return {"done": True}


class Credentials(Schema):
    """What people type."""

    username: str
    password: str


@api.post("/sign-in", auth=None)
def enter(request: HttpRequest, sent: Credentials) -> dict[str, Any]:
    """Sign in with a password, as a site may do beside us."""
    user = authenticate(request, **sent.dict())
    return {"done": user is not None}


urlpatterns = [*site, path("api/", api.urls)]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def browser(corbado: Corbado) -> Client:
    """Someone who is signed in."""
    browser = Client(enforce_csrf_checks=True)
    corbado.sign_in(browser, corbado.add_user("robin@example.com"))
    return browser


def test_the_api_knows_who_is_signed_in_until_they_sign_out(browser: Client) -> None:
    assert browser.get("/api/me").json() == {"email": "robin@example.com"}
    assert browser.post("/api/orders").status_code == 403
    browser.get("/corbado/passkeys/")
    token = {"x-csrftoken": browser.cookies["csrftoken"].value}
    assert browser.post("/api/orders", headers=token).json() == {"done": True}
    browser.post("/corbado/logout/", headers=token)
    assert browser.get("/api/me").status_code == 401


def test_a_visitor_gets_401(client: Client) -> None:
    assert client.get("/api/me").status_code == 401


def test_what_matters_asks_for_a_recent_sign_in(browser: Client) -> None:
    fetch = {"sec-fetch-mode": "cors", "referer": "http://testserver/account/"}
    assert browser.get("/api/transfer", headers=fetch).json() == {"done": True}
    age_sign_in(browser)
    answer = browser.get("/api/transfer", headers=fetch)
    assert (answer.status_code, answer.json()["error"]) == (401, "recent_sign_in_required")


def test_what_takes_passwords_is_listed_where_passkeys_are_required(
    password_pages: list[str],
) -> None:
    assert password_pages == ["/api/sign-in"]
