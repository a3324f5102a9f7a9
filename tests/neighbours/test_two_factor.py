"""django-two-factor-auth: its own sign-in asks for the code, and no link by email bypasses it."""

from __future__ import annotations

from base64 import b32decode
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.views.generic import View
from django_otp import user_has_device
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from two_factor.urls import urlpatterns as two_factor
from two_factor.views import OTPRequiredMixin

from corbado_auth.backends import CorbadoBackend
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado, User
from tests.urls import urlpatterns as site


class Vault(OTPRequiredMixin, View):
    """A page only for verified users."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("Open")


urlpatterns = [*site, path("vault/", Vault.as_view()), path("", include(two_factor))]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

LOGIN, SETUP = "/account/login/", "/account/two_factor/setup/"
PASSWORD = "an old password"
MakeUser = Callable[..., Any]


class ShopBackend(CorbadoBackend):
    """What a site with django-two-factor-auth writes, whose sign-in alone asks."""

    local_emails_are_verified = True
    second_factor_url = "two_factor:login"

    def has_second_factor(self, user: Any) -> bool:
        """Ask django-otp."""
        return bool(user_has_device(user))


@pytest.fixture
def robin(corbado: Corbado) -> User:
    return corbado.add_user("erin@example.com")


def code() -> str:
    """Return what the person's app shows; the same code may come again."""
    device = TOTPDevice.objects.get()
    TOTPDevice.objects.update(last_t=-1, throttling_failure_count=0)
    return f"{totp(device.bin_key):06}"


def add_code(browser: Client) -> None:
    """Walk through the pages that add an app with codes."""
    browser.get(SETUP)
    page = browser.post(SETUP, {"setup_view-current_step": "welcome"})
    key = b32decode(page.context["secret_key"])
    done = {"setup_view-current_step": "generator", "generator-token": totp(key)}
    assert browser.post(SETUP, done).status_code == 302


def test_a_person_adds_a_code_after_a_passkey_and_needs_it_from_then_on(
    client: Client, corbado: Corbado, make_user: MakeUser, robin: User
) -> None:
    make_user("erin@example.com", user_name="erin", password=PASSWORD)
    assert corbado.sign_in(client, robin).status_code == 303
    assert client.get("/vault/").status_code == 403
    add_code(client)
    assert client.get("/vault/").content == b"Open"
    client.post("/corbado/logout/")

    refused = corbado.sign_in(client, robin)
    assert refused.status_code == 403
    assert f'href="{LOGIN}"' in refused.content.decode()
    assert client.get("/vault/").url == f"{LOGIN}?next=/vault/"

    step = {"login_view-current_step": "auth", "auth-username": "erin", "auth-password": PASSWORD}
    assert client.post(f"{LOGIN}?next=/vault/", step).status_code == 200
    step = {"login_view-current_step": "token", "token-otp_token": code()}
    assert client.post(f"{LOGIN}?next=/vault/", step).url == "/vault/"
    assert client.get("/vault/").content == b"Open"
    assert CorbadoAccount.objects.get().last_password_at is not None
    client.post("/corbado/logout/")
    assert client.get("/account/").status_code == 302


def test_a_passkey_of_connect_opens_what_the_code_opens(
    client: Client, corbado: Corbado, make_user: MakeUser, settings: Any
) -> None:
    settings.CORBADO_CONNECT = True
    erin = make_user("erin@example.com", user_name="erin")
    TOTPDevice.objects.create(user=erin, name="default")
    assert corbado.sign_in_by_connect(client, erin).status_code == 200
    assert client.get("/vault/").content == b"Open"
    client.post("/corbado/logout/")
    assert client.get("/vault/").status_code == 302


def test_its_form_is_listed_where_passkeys_are_required(password_pages: list[str]) -> None:
    assert password_pages == [LOGIN]
