"""Signing in on the site's own origin, or in an app: a session cookie, as anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user, get_user_model
from django.contrib.sessions.models import Session

from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.api_client import PREFIX, ApiClient, delete_at_corbado
from tests.support.front_door import age_sign_in
from tests.support.front_door import sign_in as sign_in_by_page

ADA, MALLORY = "ada@example.com", "mallory@example.com"

pytestmark = pytest.mark.django_db


@pytest.mark.matrix
def test_a_person_signs_in_is_known_and_signs_out(page: ApiClient, corbado: Corbado) -> None:
    assert page.get("/session/").json() == {"user": None, "is_recent": False}
    answer = page.sign_in(corbado.add_user(ADA))
    user = get_user_model().objects.get(email=ADA)
    assert answer.json() == {
        "user": {"id": str(user.pk), "name": user.get_username(), "email": ADA}
    }
    assert get_user(page.http) == user
    said = page.get("/session/").json()
    assert (said["user"], said["method"], said["is_recent"]) == (
        answer.json()["user"],
        "corbado",
        True,
    )
    assert CorbadoAccount.objects.get().sign_in_count == 1
    for path in ("/session/", "/passkeys/"):
        head = page.http.head(PREFIX + path)
        assert (head.status_code, head.content) == (200, b"")
    assert page.post("/sign-out/").json() == {"user": None, "is_recent": False}
    assert get_user(page.http).is_anonymous
    assert page.http.head(f"{PREFIX}/passkeys/").status_code == 401
    assert not Session.objects.exists()


def test_beginning_writes_nothing_and_tells_what_the_component_needs(page: ApiClient) -> None:
    told = page.post("/sign-in/").json()
    assert told["v1"] == {"project_id": page.project_id, "frontend_api_url": page.corbado.url}
    assert "connect" not in told
    assert not Session.objects.exists()
    assert not page.http.cookies


def test_an_app_keeps_the_cookie(app: ApiClient, corbado: Corbado) -> None:
    app.sign_in(corbado.add_user(ADA))
    assert app.who() == ADA


def test_a_person_who_did_not_type_this_address_is_asked(page: ApiClient, corbado: Corbado) -> None:
    asked = page.finish(corbado.add_user(ADA, "A Name That Anyone May Choose"))
    assert (asked.status_code, asked.json()["error"]) == (409, "confirm_required")
    assert asked.json()["addresses"] == [ADA]
    assert "Choose" not in asked.content.decode()
    assert page.who() is None
    assert not CorbadoAccount.objects.exists()
    assert page.confirm(asked).status_code == 200
    assert page.who() == ADA


def test_another_persons_token_asks_first_whatever_was_typed(
    page: ApiClient, corbado: Corbado
) -> None:
    """Mallory sends a link to the front end, with a token of Mallory's, while Ada signs in."""
    asked = page.finish(corbado.add_user(MALLORY), email=ADA)
    assert (asked.status_code, asked.json()["addresses"]) == (409, [MALLORY])
    assert page.who() is None


def test_an_unconfirmed_address_proves_nothing(page: ApiClient, corbado: Corbado) -> None:
    mallory = corbado.add_user(ADA, confirmed=False)
    assert page.finish(mallory, email=ADA).status_code == 409


def test_a_signed_in_user_signs_in_again_without_a_question(
    page: ApiClient, corbado: Corbado
) -> None:
    ada = corbado.add_user(ADA)
    page.sign_in(ada)
    before = page.http.session.session_key
    age_sign_in(page.http)
    assert page.get("/session/").json()["is_recent"] is False
    assert page.finish(ada).status_code == 200
    assert page.get("/session/").json()["is_recent"] is True
    assert page.http.session.session_key != before


def test_another_user_is_signed_in(page: ApiClient, corbado: Corbado) -> None:
    page.sign_in(corbado.add_user(ADA))
    asked = page.finish(corbado.add_user(MALLORY), email=MALLORY)
    assert asked.status_code == 409
    assert page.who() == ADA
    assert page.confirm(asked).status_code == 200
    assert page.who() == MALLORY


def test_a_planted_session_key_does_not_become_the_session(
    page: ApiClient, corbado: Corbado
) -> None:
    session = page.http.session
    session["basket"] = "full"
    session.save()
    page.sign_in(corbado.add_user(ADA))
    assert page.http.session.session_key != session.session_key
    assert not Session.objects.filter(session_key=session.session_key).exists()
    assert page.http.session["basket"] == "full"


def test_a_session_of_the_login_page_counts_here(page: ApiClient, corbado: Corbado) -> None:
    sign_in_by_page(page.http, corbado.issue_token(corbado.add_user(ADA)))
    assert page.who() == ADA


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"is_active": False}, "inactive"),
        ({"is_staff": True}, "account_exists"),
    ],
)
def test_a_person_whom_the_site_does_not_let_in_is_told_so(
    page: ApiClient, corbado: Corbado, make_user: Callable[..., Any], change: Any, code: str
) -> None:
    make_user(ADA, **change)
    refused = page.finish(corbado.add_user(ADA), email=ADA)
    assert (refused.status_code, refused.json()["error"]) == (403, code)
    assert refused.json()["login_url"] == "http://testserver/corbado/login/"
    assert page.who() is None
    assert not CorbadoAccount.objects.exists()


def test_an_imported_user_has_to_confirm_the_address_first(
    page: ApiClient, corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    """Whoever signed up on top of the Corbado user that the import created."""
    mallory = corbado.add_user(ADA, confirmed=False)
    CorbadoAccount.objects.link(make_user(ADA), mallory.id)
    asked = page.finish(mallory, email=ADA)
    assert (asked.status_code, asked.json()["error"]) == (409, "confirm_required")
    answer = page.confirm(asked)
    assert (answer.status_code, answer.json()["error"]) == (403, "address_unconfirmed")
    assert page.who() is None


def test_a_person_who_was_deleted_at_corbado_and_came_back_is_let_in(
    page: ApiClient, corbado: Corbado
) -> None:
    former, user_model = corbado.add_user(ADA), get_user_model()
    page.sign_in(former)
    delete_at_corbado(corbado, former.id)
    other = ApiClient(corbado)
    other.sign_in(corbado.add_user(ADA))
    assert other.who() == ADA
    assert user_model.objects.count() == CorbadoAccount.objects.count() == 1


def test_a_user_blocked_by_corbado_is_signed_out_everywhere(page: ApiClient, wire: Any) -> None:
    other = ApiClient(page.corbado)
    for client, name in ((page, "one"), (other, "two")):
        wire.answers_user("usr-1", emails=[(ADA, "active")])
        body = {"state": client.begin(ADA), "authToken": name.ljust(64, "0")}
        assert client.post("/sign-in/finish/", body).status_code == 200
    wire.answers_user("usr-1", status="disabled")
    refused = page.post("/sign-in/finish/", {"state": page.begin(), "authToken": "x" * 64})
    assert (refused.status_code, refused.json()["error"]) == (403, "refused")
    assert (page.who(), other.who()) == (None, None)
