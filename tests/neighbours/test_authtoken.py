"""The tokens of Django REST framework itself: one for each user, on all devices.

The tests of the neighbours that issue other tokens inherit what holds for each kind.
"""

from __future__ import annotations

import time
from io import StringIO
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import authenticate, get_user_model, user_logged_in
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.urls import path
from rest_framework.authtoken.views import obtain_auth_token
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.response import Response

from corbado_auth.headless.signed import new_proof
from corbado_auth.models import CorbadoAccount
from corbado_auth.session import primary_key
from corbado_auth.sign_in_record import SignInRecord
from corbado_auth.testing import Corbado
from tests.support.api_client import ELSEWHERE, ApiClient, delete_at_corbado
from tests.urls import urlpatterns as site


@api_view(["POST"])
@authentication_classes([])
def enter(request: Any) -> Response:
    """Sign in with a password, as a site may do beside us."""
    sent = request.data
    return Response(str(authenticate(username=sent["name"], password=sent["password"])))


@api_view(["GET"])
@authentication_classes([])
def news(request: Any) -> Response:
    """Say nothing about passwords."""
    return Response([])


urlpatterns = [
    path("token/", obtain_auth_token),
    path("enter/", enter),
    path("news/", news),
    *site,
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

ADA, BOB = "ada@example.com", "bob@example.com"


class TokenCases:
    """A front end on another origin, on a site with one kind of token."""

    # Whether signing out ends the access token itself.
    ends_at_once = True

    @pytest.fixture
    def front_end(self, corbado: Corbado, db: None, settings: Any) -> ApiClient:
        cache.clear()
        settings.CORBADO_API_ORIGINS = [ELSEWHERE]
        settings.CORBADO_SIGN_IN_HISTORY = True
        return ApiClient(corbado, origin=ELSEWHERE)

    def test_a_person_signs_in_by_token_and_signs_out(
        self, front_end: ApiClient, corbado: Corbado
    ) -> None:
        front_end.sign_in(corbado.add_user(ADA))
        user = get_user_model().objects.get(email=ADA)
        assert front_end.who() == ADA
        assert user.last_login
        assert CorbadoAccount.objects.get(user=user).sign_in_count == 1
        (record,) = SignInRecord.objects.all()
        assert (record.user_id, record.outcome, record.method) == (
            user.pk,
            SignInRecord.Outcome.SIGNED_IN,
            "corbado",
        )
        assert not front_end.http.cookies
        assert not Session.objects.exists()
        told = front_end.post("/sign-out/", {"refresh": front_end.token.get("refresh", "")})
        assert told.json()["user"] is None
        if self.ends_at_once:
            assert front_end.get("/session/").json()["error"] == "invalid_token"

    def test_a_passkey_of_connect_results_in_a_token(
        self, front_end: ApiClient, corbado: Corbado, settings: Any, make_user: Any
    ) -> None:
        settings.CORBADO_CONNECT = True
        data = corbado.connect_data(make_user(ADA))
        body = {"state": front_end.begin(), "signedPasskeyData": data}
        front_end.keep(front_end.post("/sign-in/finish/", body))
        assert front_end.who() == ADA
        listed = front_end.post("/passkeys/connect-token/", {"type": "passkey-append"})
        assert listed.json()["token"]
        front_end.proof = ""
        refused = front_end.post("/passkeys/connect-token/", {"type": "passkey-append"})
        assert refused.json()["error"] == "recent_sign_in_required"

    def test_a_receiver_that_writes_into_the_session_makes_no_cookie(
        self, front_end: ApiClient, corbado: Corbado
    ) -> None:
        def greet(request: Any, **_signal: Any) -> None:
            request.session["greeting"] = "hello"

        user_logged_in.connect(greet)
        try:
            front_end.sign_in(corbado.add_user(ADA))
        finally:
            user_logged_in.disconnect(greet)
        assert not front_end.http.cookies
        assert not Session.objects.exists()

    def test_a_person_who_did_not_type_this_address_is_asked_first(
        self, front_end: ApiClient, corbado: Corbado
    ) -> None:
        asked = front_end.finish(corbado.add_user(ADA))
        assert (asked.status_code, "token" in asked.json()) == (409, False)
        assert front_end.confirm(asked).json()["token"]["access"]
        assert front_end.who() == ADA

    def test_a_person_whom_the_site_does_not_let_in_gets_no_token(
        self, front_end: ApiClient, corbado: Corbado, make_user: Any
    ) -> None:
        make_user(ADA, is_active=False)
        refused = front_end.finish(corbado.add_user(ADA), email=ADA)
        assert (refused.status_code, refused.json()["error"]) == (403, "inactive")
        assert not front_end.token
        assert not CorbadoAccount.objects.exists()

    @pytest.mark.parametrize("end", ["aaaa", "\xe9\xe9\xe9\xe9", ""])
    def test_a_made_up_token_is_refused(
        self, front_end: ApiClient, corbado: Corbado, end: str
    ) -> None:
        front_end.sign_in(corbado.add_user(ADA))
        front_end.token["access"] = front_end.token["access"][:-4] + end
        for where in ("/session/", "/passkeys/"):
            answer = front_end.get(where)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        # It is what brings people back to the sign-in, which it does not stop.
        front_end.sign_in(corbado.add_user(BOB))
        assert front_end.who() == BOB

    def test_a_passkey_needs_the_proof_of_a_recent_sign_in_beside_the_token(
        self, front_end: ApiClient, corbado: Corbado
    ) -> None:
        front_end.sign_in(corbado.add_user(ADA))
        ada = get_user_model().objects.get(email=ADA)
        ApiClient(corbado, origin="").sign_in(corbado.add_user(BOB))
        bob = get_user_model().objects.get(email=BOB)
        assert front_end.get("/session/").json()["is_recent"] is True
        assert front_end.post("/passkeys/").json()["address"] == ADA
        with mock.patch("time.time", return_value=time.time() - 601):
            old = new_proof(primary_key(ada))
        for proof in ("", "a:b:c", old, new_proof(primary_key(bob))):
            front_end.proof = proof
            for answer in (front_end.post("/passkeys/"), front_end.delete("/passkeys/cre-1/")):
                assert answer.status_code == 401
                assert answer.json()["error"] == "recent_sign_in_required"
        assert front_end.get("/passkeys/").status_code == 200

    def test_a_user_deleted_by_corbado_loses_the_token(
        self, front_end: ApiClient, corbado: Corbado
    ) -> None:
        ada, phone = corbado.add_user(ADA), ApiClient(corbado, origin="")
        for client in (front_end, phone):
            client.sign_in(ada)
        delete_at_corbado(corbado, ada.id)
        answer = front_end.post("/passkeys/")
        assert (answer.status_code, answer.json()["error"]) == (403, "closed")
        self.have_ended(front_end, phone)

    def test_tokens_end_with_all_sessions_of_a_person(
        self, front_end: ApiClient, corbado: Corbado
    ) -> None:
        other = ApiClient(corbado, origin="")
        other.sign_in(corbado.add_user(BOB))
        front_end.sign_in(corbado.add_user(ADA))
        user = get_user_model().objects.get(email=ADA)
        call_command(
            "corbado_end_sessions", "--user", user.get_username(), "--yes", stdout=StringIO()
        )
        self.have_ended(front_end)
        assert other.who() == BOB

    def have_ended(self, *clients: ApiClient) -> None:
        for client in clients:
            assert client.get("/session/").json()["error"] == "invalid_token"

    def test_an_account_that_goes_in_the_middle_gets_no_token(
        self, front_end: ApiClient, corbado: Corbado, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between the lookup and the count, someone deletes it."""
        ada = corbado.add_user(ADA)
        front_end.sign_in(ada)
        front_end.token = {}

        record = CorbadoAccount.record_sign_in

        def record_later(account: Any, *arguments: Any, **named: Any) -> bool:
            CorbadoAccount.objects.all().delete()
            return record(account, *arguments, **named)

        monkeypatch.setattr(CorbadoAccount, "record_sign_in", record_later)
        refused = front_end.finish(ada, email=ADA)
        assert (refused.status_code, refused.json()["error"]) == (403, "refused")
        assert not front_end.token
        assert front_end.who() is None

    def test_signing_in_again_with_the_token_asks_nothing(
        self, front_end: ApiClient, corbado: Corbado
    ) -> None:
        ada = corbado.add_user(ADA)
        front_end.sign_in(ada)
        front_end.proof = ""
        assert front_end.finish(ada).status_code == 200
        assert front_end.post("/passkeys/").status_code == 200

    def test_a_page_of_the_site_itself_may_have_a_session(
        self, front_end: ApiClient, corbado: Corbado
    ) -> None:
        page = ApiClient(corbado)
        assert "token" not in page.sign_in(corbado.add_user(ADA), mode="session").json()
        assert (page.who(), Session.objects.count()) == (ADA, 1)
        # Another user's token leaves it alone.
        confirmed = page.confirm(page.finish(corbado.add_user(BOB), mode="token"))
        assert confirmed.json()["token"]
        assert page.who() == BOB
        page.token = {}
        assert page.who() == ADA


class TestAuthToken(TokenCases):
    def test_all_devices_have_the_same_token(self, front_end: ApiClient, corbado: Corbado) -> None:
        ada, phone = corbado.add_user(ADA), ApiClient(corbado, origin="")
        front_end.sign_in(ada)
        phone.sign_in(ada)
        assert phone.token == front_end.token
        phone.post("/sign-out/")
        assert front_end.get("/session/").status_code == 401


def test_what_takes_passwords_is_listed_where_passkeys_are_required(
    password_pages: list[str],
) -> None:
    assert password_pages == ["/token/", "/enter/"]
