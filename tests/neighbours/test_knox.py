"""django-rest-knox: a token does not sign the browser in, and creates no session."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.urls import include, path
from knox.auth import TokenAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from corbado_auth.api_tokens import TokenExchange
from corbado_auth.contrib.rest_framework import RecentSignIn
from corbado_auth.headless import signed
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.neighbours.test_authtoken import ADA, TokenCases
from tests.security.written import Written
from tests.support.api_client import ApiClient
from tests.support.front_door import age_sign_in, sign_in
from tests.urls import urlpatterns as site


class Transfer(APIView):
    """Something that matters."""

    permission_classes = [IsAuthenticated, RecentSignIn]

    def get(self, request: Any) -> Response:
        """Say that it was done."""
        return Response({"done": True})


class TransferByToken(Transfer):
    """The same, for apps."""

    authentication_classes = [TokenAuthentication]


class Broken(TransferByToken):
    """The same, with a fault."""

    def get(self, request: Any) -> Response:
        """Fail, which is reported with the request."""
        raise RuntimeError


def fail(*_arguments: Any) -> None:
    raise RuntimeError


urlpatterns = [
    path("broken/", Broken.as_view()),
    path("api/", include("knox.urls")),
    path("transfer/", Transfer.as_view()),
    path("transfer-by-token/", TransferByToken.as_view()),
    *site,
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

ADD, TOKEN = "/corbado/passkeys/add/", "/api/login/"
PASSWORD = "an old password"
MakeUser = Callable[..., Any]


def basic(name: str) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(f'{name}:{PASSWORD}'.encode()).decode()}"}


def test_a_token_makes_no_session_and_no_cookie(client: Client, make_user: MakeUser) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    answer = client.post(TOKEN, headers=basic("erin"))
    assert answer.json()["token"]
    assert not Session.objects.exists()
    assert "sessionid" not in answer.cookies


def test_a_token_for_an_old_session_is_no_sign_in(client: Client, corbado: Corbado) -> None:
    sign_in(client, corbado.issue_token(corbado.add_user("robin@example.com")))
    age_sign_in(client)
    assert client.post(TOKEN).json()["token"]
    assert client.post(ADD).status_code == 303


def test_a_password_for_a_token_does_not_make_an_old_session_recent(
    client: Client, make_user: MakeUser
) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    assert client.login(username="erin", password=PASSWORD)
    age_sign_in(client)
    assert client.post(TOKEN, headers=basic("erin")).json()["token"]
    assert client.post(ADD).status_code == 303


def test_another_users_token_does_not_touch_the_session(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    sign_in(client, corbado.issue_token(corbado.add_user("robin@example.com")))
    before = dict(client.session.items())
    make_user("erin@example.com", username="erin", password=PASSWORD)
    with_cookie = Client(headers=basic("erin"))
    with_cookie.cookies = client.cookies
    with_cookie.post(TOKEN)
    assert dict(client.session.items()) == before


def test_a_view_of_the_api_asks_for_a_recent_sign_in(client: Client, corbado: Corbado) -> None:
    sign_in(client, corbado.issue_token(corbado.add_user("robin@example.com")))
    assert client.get("/transfer/").json() == {"done": True}
    age_sign_in(client)
    answer = client.get("/transfer/", headers={"referer": "http://testserver/account/"})
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "recent_sign_in_required",
        "message": "Please sign in again.",
        "login_url": "/corbado/step-up/?next=http%3A%2F%2Ftestserver%2Faccount%2F",
    }


def test_a_token_is_no_recent_sign_in_nor_is_a_session_beside_it(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    token = client.post(TOKEN, headers=basic("erin")).json()["token"]
    headers = {"authorization": f"Token {token}"}
    assert client.get("/transfer-by-token/", headers=headers).status_code == 401
    sign_in(client, corbado.issue_token(corbado.add_user("robin@example.com")))
    answer = client.get("/transfer-by-token/", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "recent_sign_in_required")


def test_a_visitor_of_the_api_is_answered_as_ever(client: Client) -> None:
    assert client.get("/transfer/").status_code == 403


@override_settings(CORBADO_IS_IMPERSONATING="tests.support.front_door.is_support")
def test_an_impersonator_gets_no_further_at_the_api(client: Client, make_user: MakeUser) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    assert client.login(username="erin", password=PASSWORD)
    answer = client.get("/transfer/")
    assert answer.status_code == 403
    assert "acting as someone else" in answer.json()["detail"]


class TestKnox(TokenCases):
    def test_token_and_proof_are_good_at_the_sites_own_api(
        self, front_end: ApiClient, corbado: Corbado
    ) -> None:
        front_end.sign_in(corbado.add_user(ADA))
        assert front_end.token["expires_at"]
        answer = front_end.http.get("/transfer-by-token/", headers=front_end.headers())
        assert answer.json() == {"done": True}
        front_end.proof = ""
        answer = front_end.http.get("/transfer-by-token/", headers=front_end.headers())
        assert answer.json()["error"] == "recent_sign_in_required"

    @pytest.mark.parametrize("path", ["/broken/", "/transfer-by-token/"])
    def test_an_error_report_has_neither_token_nor_proof(
        self, front_end: ApiClient, corbado: Corbado, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The view fails, or what reads the proof does."""
        front_end.sign_in(corbado.add_user(ADA))
        if path == "/transfer-by-token/":
            monkeypatch.setattr(signed, "_of_project", fail)
        front_end.http.raise_request_exception = False
        with Written() as written:
            answer = front_end.http.get(path, headers=front_end.headers())
        written.mails()
        assert answer.status_code == 500
        report = "\n".join(text for _where, text in written._texts)
        assert "HTTP_CORBADO_AUTH_PROOF" in report
        assert "RuntimeError" in report
        assert front_end.token["access"] not in report
        assert front_end.proof not in report

    def test_a_token_can_be_ours_by_name_or_none(
        self, front_end: ApiClient, corbado: Corbado, settings: Any
    ) -> None:
        ada = corbado.add_user(ADA)
        settings.CORBADO_API_TOKEN = f"{__name__}.Own"
        assert front_end.sign_in(ada).json()["token"]["access"] == "own"
        settings.CORBADO_API_TOKEN = ""
        asked = front_end.finish(ada)
        assert (asked.status_code, asked.json()["error"]) == (400, "no_session")

    @override_settings(REST_KNOX={"TOKEN_LIMIT_PER_USER": 1})
    def test_the_limit_of_knox_holds_here(self, front_end: ApiClient, corbado: Corbado) -> None:
        ada = corbado.add_user(ADA)
        front_end.sign_in(ada)
        refused = ApiClient(corbado, origin="").finish(ada, email=ADA)
        assert (refused.status_code, refused.json()["error"]) == (403, "too_many_tokens")
        assert CorbadoAccount.objects.get().sign_in_count == 1
        front_end.post("/sign-out/")
        front_end.token = {}
        front_end.sign_in(ada)


class Own(TokenExchange):
    """A site's own tokens."""

    def issue(self, request: Any, user: Any) -> dict[str, Any]:
        """Return always the same."""
        return {"scheme": "Own", "access": "own"}

    def authenticate(self, request: Any) -> Any:
        """Accept none."""
        return None


def test_what_takes_passwords_is_listed_where_passkeys_are_required(
    password_pages: list[str],
) -> None:
    assert password_pages == ["HTTP Basic at /api/login/", "/transfer/"]
