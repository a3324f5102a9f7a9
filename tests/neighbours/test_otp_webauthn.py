"""django-otp-webauthn: a passkey of the site's own, as a second factor and instead of Corbado."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django_otp import user_has_device
from django_otp.decorators import otp_required

from corbado_auth.backends import CorbadoBackend
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado, User
from tests.support.authenticator import Authenticator
from tests.urls import urlpatterns as site


@otp_required(login_url="/second-factor/")
def vault(request: HttpRequest) -> HttpResponse:
    """Serve only verified users."""
    return HttpResponse("Open")


urlpatterns = [*site, path("vault/", vault), path("webauthn/", include("django_otp_webauthn.urls"))]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class ShopBackend(CorbadoBackend):
    """A site that asks for the second factor in front of the vault alone."""

    local_emails_are_verified = True

    def has_second_factor(self, user: Any) -> bool:
        """Let everyone in: the views ask."""
        return False


class StrictBackend(ShopBackend):
    """A site where no link by email stands for the second factor."""

    second_factor_url = "/second-factor/"

    def has_second_factor(self, user: Any) -> bool:
        """Ask django-otp, to which a passkey is a device, too."""
        return bool(user_has_device(user))


@pytest.fixture
def robin(corbado: Corbado) -> User:
    return corbado.add_user("robin@example.com")


@pytest.fixture
def passkey(client: Client, corbado: Corbado, robin: User) -> Authenticator:
    """A passkey that someone has added here, after a sign-in with Corbado."""
    passkey = Authenticator("http://localhost")
    corbado.sign_in(client, robin)
    assert client.get("/vault/").status_code == 302
    made = passkey.create(begin(client, "registration"))
    assert post(client, "registration/complete/", made).status_code == 200
    return passkey


def post(client: Client, path: str, data: Any = None) -> Any:
    return client.post(f"/webauthn/{path}", data or {}, content_type="application/json")


def begin(client: Client, what: str) -> str:
    """Return the options as the authenticator takes them."""
    return json.dumps({"publicKey": post(client, f"{what}/begin/").json()})


def use(client: Client, passkey: Authenticator) -> Any:
    signed = passkey.get(begin(client, "authentication"))
    return post(client, "authentication/complete/", signed)


def test_after_a_v1_sign_in_the_passkey_of_the_site_is_the_second_factor(
    client: Client, corbado: Corbado, robin: User, passkey: Authenticator
) -> None:
    assert client.get("/vault/").content == b"Open"
    client.post("/corbado/logout/")
    corbado.sign_in(client, robin)
    assert client.get("/vault/").url == "/second-factor/?next=/vault/"
    assert use(client, passkey).status_code == 200
    assert client.get("/vault/").content == b"Open"
    client.post("/corbado/logout/")
    assert client.get("/vault/").status_code == 302


def test_it_signs_in_alone_and_corbado_still_does(
    client: Client, corbado: Corbado, robin: User, passkey: Authenticator
) -> None:
    client.post("/corbado/logout/")
    assert use(client, passkey).json()["redirect_url"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert CorbadoAccount.objects.get().last_password_at is None
    client.post("/corbado/logout/")
    assert client.get("/account/").status_code == 302
    assert corbado.sign_in(client, robin, next="/account/").url == "/account/"


def test_where_the_backend_says_so_no_link_by_email_passes_it(
    client: Client, corbado: Corbado, robin: User, passkey: Authenticator, settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = [
        "django_otp_webauthn.backends.WebAuthnBackend",
        f"{__name__}.StrictBackend",
    ]
    client.post("/corbado/logout/")
    assert corbado.sign_in(client, robin).status_code == 403
    assert use(client, passkey).status_code == 200
    assert client.get("/vault/").content == b"Open"
