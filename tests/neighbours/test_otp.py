"""django-otp and django-two-factor-auth: who counts as verified, and where the others go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import run_checks
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path
from django.views.generic import View
from django_otp import user_has_device
from django_otp.decorators import otp_required
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.views import LoginView
from two_factor.urls import urlpatterns as two_factor
from two_factor.views import OTPRequiredMixin

from corbado_auth.backends import CorbadoBackend
from corbado_auth.checks import ids
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado, User
from tests.urls import urlpatterns as site


@otp_required
def vault(request: HttpRequest) -> HttpResponse:
    """Serve only verified users."""
    return HttpResponse(f"Verified by {request.user.otp_device.name}")  # type: ignore[union-attr]


async def async_page(request: HttpRequest) -> HttpResponse:
    """Tell whether the person is verified."""
    user: Any = await request.auser()
    return HttpResponse(str(user.is_verified()))


class Safe(OTPRequiredMixin, View):
    """The same with django-two-factor-auth's mixin."""

    login_url = "/second-factor/"

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("Verified")


urlpatterns = [
    *site,
    path("vault/", vault),
    path("safe/", Safe.as_view()),
    path("async/", async_page),
    path(
        "second-factor/",
        LoginView.as_view(template_name="registration/logged_out.html"),
        name="second-factor",
    ),
    path("", include(two_factor)),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

PASSWORD = "an old password"
MakeUser = Callable[..., Any]


class ShopBackend(CorbadoBackend):
    """A site that lets a link by email in, and asks for the second factor in front of the vault."""

    local_emails_are_verified = True

    def has_second_factor(self, user: Any) -> bool:
        """Let everyone in: the views ask."""
        return False


class StrictBackend(ShopBackend):
    """What a site with django-two-factor-auth writes, whose sign-in alone asks."""

    second_factor_url = "two_factor:login"

    def has_second_factor(self, user: Any) -> bool:
        """Ask django-otp."""
        return bool(user_has_device(user))


STRICT = override_settings(
    AUTHENTICATION_BACKENDS=[
        "django.contrib.auth.backends.ModelBackend",
        f"{__name__}.StrictBackend",
    ]
)


@pytest.fixture
def erin(make_user: MakeUser) -> Any:
    """Someone with a password and a code."""
    user = make_user("erin@example.com", username="erin", password=PASSWORD)
    StaticDevice.objects.create(user=user, name="default").token_set.create(token="123456")
    return user


@pytest.fixture
def robin(corbado: Corbado) -> User:
    return corbado.add_user("erin@example.com")


def test_after_a_v1_sign_in_the_code_alone_is_asked_for_once(
    client: Client, corbado: Corbado, erin: Any, robin: User
) -> None:
    corbado.sign_in(client, robin)
    for page in ("/vault/", "/safe/"):
        answer = client.get(page)
        # OTP_LOGIN_URL, and not our login page, which would lead here again.
        assert answer.url == f"/second-factor/?next={page}"
    form = {"otp_device": StaticDevice.objects.get().persistent_id, "otp_token": "123456"}
    assert client.post("/second-factor/?next=/vault/", form).url == "/vault/"
    assert client.get("/vault/").content == b"Verified by default"
    assert client.get("/safe/").content == b"Verified"
    client.post("/corbado/logout/")
    assert client.get("/account/").status_code == 302


@override_settings(CORBADO_CONNECT=True)
def test_a_passkey_of_connect_is_verified(client: Client, corbado: Corbado, erin: Any) -> None:
    corbado.sign_in_by_connect(client, erin)
    assert client.get("/vault/").content == b"Verified by Passkey"
    assert client.get("/safe/").content == b"Verified"
    assert client.get("/async/").content == b"True"
    client.post("/corbado/logout/")
    assert client.get("/vault/").url == "/second-factor/?next=/vault/"


@pytest.mark.django_db(transaction=True)
@override_settings(CORBADO_CONNECT=True)
def test_a_passkey_of_connect_is_verified_under_asgi(
    client: Client, corbado: Corbado, erin: Any
) -> None:
    corbado.sign_in_by_connect(client, erin)

    async def ask() -> bytes:
        browser = AsyncClient()
        browser.cookies = client.cookies
        return bytes((await browser.get("/async/")).content)

    assert asyncio.run(ask()) == b"True"


def test_a_password_is_not_verified(client: Client, erin: Any) -> None:
    client.post("/corbado/login/", {"username": "erin", "password": PASSWORD})
    assert client.get("/account/").status_code == 200
    assert client.get("/vault/").status_code == 302
    assert client.get("/async/").content == b"False"
    assert Client().get("/async/").content == b"False"


@STRICT
def test_where_the_sign_in_alone_asks_no_link_and_no_password_passes(
    client: Client, corbado: Corbado, erin: Any, robin: User
) -> None:
    answer = corbado.sign_in(client, robin)
    assert answer.status_code == 403
    assert 'href="/account/login/"' in answer.content.decode()
    assert not CorbadoAccount.objects.exists()
    client.post("/corbado/login/", {"username": "erin", "password": PASSWORD})
    assert client.get("/account/").status_code == 302


@STRICT
def test_a_user_without_a_second_factor_signs_in_as_always(
    client: Client, corbado: Corbado
) -> None:
    assert corbado.sign_in(client, corbado.add_user("ash@example.com")).status_code == 303


def test_the_check_asks_who_has_a_second_factor() -> None:
    assert run_checks(tags=["corbado_auth"]) == []
    own = ["tests.support.backends.AnsweredBackend"]
    with override_settings(AUTHENTICATION_BACKENDS=own):
        found = [each.id for each in run_checks(tags=["corbado_auth"])]
    assert found == [ids.SECOND_FACTOR_UNANSWERED]
