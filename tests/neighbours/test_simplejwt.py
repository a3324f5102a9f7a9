"""djangorestframework-simplejwt: the JSON API issues what the site's own serializer makes."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, SlidingToken
from rest_framework_simplejwt.views import (
    TokenObtainPairView,
    TokenObtainSlidingView,
    TokenRefreshView,
)

from corbado_auth.checks.headless import check_headless
from corbado_auth.testing import Corbado
from tests.neighbours.test_authtoken import ADA, TokenCases
from tests.support.api_client import ELSEWHERE, ApiClient
from tests.urls import urlpatterns as site


class Orders(APIView):
    """A view of the site's own API."""

    permission_classes = [IsAuthenticated]

    def get(self, request: Any) -> Response:
        """Say whose they are."""
        return Response({"of": request.user.email})


class WithShop(TokenObtainPairSerializer):
    """The site's own claims."""

    @classmethod
    def get_token(cls, user: Any) -> Any:
        """Add one."""
        token = super().get_token(user)
        token["shop"] = "one"
        return token


urlpatterns = [
    path("orders/", Orders.as_view()),
    path("refresh/", TokenRefreshView.as_view()),
    path("token/", TokenObtainPairView.as_view()),
    path("sliding/", TokenObtainSlidingView.as_view()),
    *site,
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class TestSimpleJWT(TokenCases):
    ends_at_once = False

    def test_the_token_is_good_at_the_sites_own_api_and_has_its_claims(
        self, front_end: ApiClient, corbado: Corbado
    ) -> None:
        front_end.sign_in(corbado.add_user(ADA))
        orders = front_end.http.get("/orders/", headers=front_end.headers())
        assert orders.json() == {"of": ADA}
        assert AccessToken(front_end.token["access"])["shop"] == "one"

    def test_signing_out_ends_the_persons_own_refresh_token(
        self, front_end: ApiClient, corbado: Corbado
    ) -> None:
        front_end.sign_in(corbado.add_user(ADA))
        other = ApiClient(corbado, origin="")
        other.sign_in(corbado.add_user("bob@example.com"))
        front_end.post("/sign-out/", {"refresh": other.token["refresh"]})
        assert refresh(other) == 200
        front_end.post("/sign-out/", {"refresh": "made up"})
        assert refresh(front_end) == 200
        front_end.post("/sign-out/", {"refresh": front_end.token["refresh"]})
        assert refresh(front_end) == 401

    def test_signing_out_ends_a_sliding_token(
        self, front_end: ApiClient, corbado: Corbado, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Not by override_settings: its modules would keep the object that was there before.
        serializer = "rest_framework_simplejwt.serializers.TokenObtainSlidingSerializer"
        monkeypatch.setattr(api_settings, "TOKEN_OBTAIN_SERIALIZER", serializer)
        monkeypatch.setattr(api_settings, "AUTH_TOKEN_CLASSES", [SlidingToken])
        front_end.sign_in(corbado.add_user(ADA))
        assert front_end.who() == ADA
        front_end.post("/sign-out/")
        assert front_end.get("/session/").status_code == 401

    def have_ended(self, *clients: ApiClient) -> None:
        assert {refresh(client) for client in clients} == {401}


def refresh(client: ApiClient) -> int:
    status: int = client.http.post("/refresh/", {"refresh": client.token["refresh"]}).status_code
    return status


def test_cors_headers_that_do_not_know_an_origin_are_warned_about(settings: Any) -> None:
    settings.CORBADO_API_ORIGINS = [ELSEWHERE]
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]
    assert [each.id for each in check_headless()] == ["corbado_auth.W053"]
    settings.CORS_ALLOWED_ORIGINS = [ELSEWHERE]
    assert check_headless() == []


def test_django_cors_headers_and_ours_agree(corbado: Corbado, settings: Any, client: Any) -> None:
    settings.CORBADO_API_ORIGINS = settings.CORS_ALLOWED_ORIGINS = [ELSEWHERE]
    settings.CORS_ALLOW_CREDENTIALS = True
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]
    front_end = ApiClient(corbado, origin=ELSEWHERE)
    front_end.sign_in(corbado.add_user(ADA))
    assert front_end.get("/session/")["Access-Control-Allow-Origin"] == ELSEWHERE
    # A session of this browser does not count there, whatever its cookie is allowed to do.
    page = ApiClient(corbado)
    page.sign_in(corbado.add_user("bob@example.com"), mode="session")
    page.origin = ELSEWHERE
    assert page.who() is None


def test_what_takes_passwords_is_listed_where_passkeys_are_required(
    password_pages: list[str],
) -> None:
    assert password_pages == ["/token/", "/sliding/"]
