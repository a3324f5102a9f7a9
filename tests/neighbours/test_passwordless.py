"""django-sesame, social-auth-app-django, mozilla-django-oidc: none of these is a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model, login
from django.core.checks import run_checks
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from sesame.utils import get_query_string
from sesame.views import LoginView

from corbado_auth.models import CorbadoAccount, PasskeyNudge
from corbado_auth.passwords import password_backends
from corbado_auth.testing import Corbado
from tests.urls import urlpatterns as site

MODEL = "django.contrib.auth.backends.ModelBackend"
OTHERS = {
    "social": "social_core.backends.github.GithubOAuth2",
    "oidc": "mozilla_django_oidc.auth.OIDCAuthenticationBackend",
    "sesame": "sesame.backends.ModelBackend",
}


def come_by(request: HttpRequest, backend: str) -> HttpResponse:
    """Sign erin in as a view of that package does once it knows who it is."""
    user = get_user_model().objects.get(username="erin")
    login(request, user, backend=backend)
    return HttpResponse()


urlpatterns = [
    *site,
    path("link/", LoginView.as_view()),
    path("come-by/<str:backend>/", come_by),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def erin(make_user: Callable[..., Any], settings: Any) -> Any:
    """A linked user with a password, who has never signed in through Corbado."""
    user = make_user("erin@example.com", username="erin", password="an old password")
    CorbadoAccount.objects.create(
        user=user, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id="usr-1"
    )
    return user


def counted(user: Any) -> bool:
    """Return whether a password sign-in was counted, and a passkey offered; both or neither."""
    account = CorbadoAccount.objects.get(user=user)
    is_offered = PasskeyNudge.objects.filter(user=user).exists()
    assert is_offered == (account.last_password_at is not None)
    return is_offered


def test_only_django_s_backend_takes_passwords() -> None:
    assert password_backends() == [MODEL]
    assert not run_checks(tags=["corbado_auth"])


def test_a_link_of_sesame_is_no_password(client: Client, erin: Any) -> None:
    assert client.get(f"/link/{get_query_string(erin)}").status_code == 302
    assert client.get("/account/").status_code == 200
    assert not counted(erin)


@pytest.mark.parametrize("backend", OTHERS.values(), ids=OTHERS)
def test_a_sign_in_by_another_backend_is_no_password(
    client: Client, erin: Any, backend: str
) -> None:
    assert client.get(f"/come-by/{backend}/").status_code == 200
    assert client.get("/account/").status_code == 200
    assert not counted(erin)


def test_login_with_djangos_backend_is_one(client: Client, erin: Any) -> None:
    client.get(f"/come-by/{MODEL}/")
    assert counted(erin)


def test_the_password_itself_is_one(client: Client, erin: Any) -> None:
    client.post("/corbado/login/", {"username": "erin", "password": "an old password"})
    assert counted(erin)


def test_a_site_can_name_the_backends_that_are_passwords(
    client: Client, erin: Any, settings: Any
) -> None:
    settings.CORBADO_PASSWORD_BACKENDS = [OTHERS["oidc"]]
    client.get(f"/come-by/{MODEL}/")
    assert not counted(erin)
    client.get(f"/come-by/{OTHERS['oidc']}/")
    assert counted(erin)


def test_corbado_signs_in_beside_them(corbado: Corbado, client: Client) -> None:
    response = corbado.sign_in(client, corbado.add_user("ann@example.com"), next="/account/")
    assert (response.status_code, response.url) == (303, "/account/")
    client.post("/corbado/logout/")
    assert client.get("/account/").status_code == 302
