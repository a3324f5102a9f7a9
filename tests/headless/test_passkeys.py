"""Passkeys by the API: listed, added and removed under the rules of the pages."""

from __future__ import annotations

from typing import Any

import pytest

from corbado_auth.models import ConnectAccount
from corbado_auth.passkey_record import PasskeyName
from corbado_auth.testing import Corbado
from tests.passkeys.test_passkeys import add_passkey
from tests.support.api_client import ApiClient, delete_at_corbado
from tests.support.connect_login import jwt
from tests.support.events import give_passkey
from tests.support.front_door import age_sign_in

ADA, BOB = "ada@example.com", "bob@example.com"

pytestmark = pytest.mark.django_db


def test_a_passkey_is_added_listed_and_removed(page: ApiClient, corbado: Corbado) -> None:
    page.sign_in(corbado.add_user(ADA))
    assert page.get("/passkeys/").json() == {"passkeys": []}
    told = page.post("/passkeys/").json()
    assert told["address"] == ADA
    add_passkey(corbado, told["token"])
    (listed,) = page.get("/passkeys/").json()["passkeys"]
    assert page.delete(f"/passkeys/{listed['id']}/").status_code == 204
    assert page.get("/passkeys/").json() == {"passkeys": []}


def test_a_user_cannot_remove_another_users_passkey(page: ApiClient, corbado: Corbado) -> None:
    bob, other = corbado.add_user(BOB), ApiClient(corbado)
    page.sign_in(corbado.add_user(ADA))
    passkey_id = give_passkey(corbado, bob.id, 1)
    assert page.delete(f"/passkeys/{passkey_id}/").status_code == 204
    other.sign_in(bob)
    assert len(other.get("/passkeys/").json()["passkeys"]) == 1


def test_a_passkey_gets_a_name(page: ApiClient, corbado: Corbado) -> None:
    ada = corbado.add_user(ADA)
    page.sign_in(ada)
    path = f"/passkeys/{give_passkey(corbado, ada.id, 1)}/"
    age_sign_in(page.http)  # As on the page: a name opens nothing.
    named = page.patch(path, {"name": "  Maya’s <old> phone "})
    assert (named.status_code, named.json()["name"]) == (200, "Maya’s <old> phone")
    assert page.get("/passkeys/").json()["passkeys"] == [named.json()]
    assert page.patch(path, {"name": ""}).json()["name"] == ""
    assert not PasskeyName.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_field"),
        ({"name": None}, 400, "invalid_field"),
        ({"name": ["phone"]}, 400, "invalid_field"),
        ({"name": "x" * 65}, 400, "invalid_field"),
        ({"name": "phone\u202egnp"}, 400, "invalid_field"),
        ({"name": "nul\x00"}, 400, "invalid_field"),
        ({"name": "\ud800"}, 400, "invalid_field"),
        ("[1]", 400, "not_json"),
        ({"name": "x" * 17_000}, 413, "too_large"),
        ({"name": "Phone", "id": "cre-2"}, 200, ""),
    ],
)
def test_a_name_is_held_to_the_rules_of_the_page(
    page: ApiClient, corbado: Corbado, body: Any, status: int, code: str
) -> None:
    ada = corbado.add_user(ADA)
    page.sign_in(ada)
    answer = page.patch(f"/passkeys/{give_passkey(corbado, ada.id, 1)}/", body)
    assert (answer.status_code, answer.json().get("error", "")) == (status, code)
    assert PasskeyName.objects.count() == (status == 200)


def test_a_name_is_for_ones_own_passkeys(page: ApiClient, corbado: Corbado) -> None:
    path = f"/passkeys/{give_passkey(corbado, corbado.add_user(BOB).id, 1)}/"
    assert page.patch(path, {"name": "Mine"}).json()["error"] == "not_signed_in"
    page.sign_in(corbado.add_user(ADA))
    asked = len(corbado.requests)
    assert page.patch("/passkeys/no-id/", {"name": "Mine"}).status_code == 404
    assert len(corbado.requests) == asked
    answer = page.patch(path, {"name": "Mine"})
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_passkey")
    refused = page.patch(path, "name=Mine", content_type="application/x-www-form-urlencoded")
    assert (refused.status_code, refused.json()["error"]) == (415, "not_json")
    assert not PasskeyName.objects.exists()


def test_an_old_session_may_look_and_not_change(page: ApiClient, corbado: Corbado) -> None:
    page.sign_in(corbado.add_user(ADA))
    age_sign_in(page.http)
    asked = len(corbado.requests)
    for answer in (page.post("/passkeys/"), page.delete("/passkeys/cre-1/")):
        assert (answer.status_code, answer.json()["error"]) == (401, "recent_sign_in_required")
    assert len(corbado.requests) == asked
    assert page.get("/passkeys/").status_code == 200


def test_a_person_who_cannot_add_one_is_told_why(
    page: ApiClient, corbado: Corbado, make_user: Any
) -> None:
    user = make_user(ADA, password="an old password")
    corbado.add_user(ADA)
    page.http.login(username=user.get_username(), password="an old password")
    answer = page.post("/passkeys/")
    assert (answer.status_code, answer.json()["error"]) == (409, "sign_in_through_corbado")
    assert answer.json()["reason"] == "known_at_corbado"


def test_a_user_deleted_by_corbado_is_signed_out_everywhere(
    page: ApiClient, corbado: Corbado
) -> None:
    ada, other = corbado.add_user(ADA), ApiClient(corbado)
    other.sign_in(ada)
    page.sign_in(ada)
    delete_at_corbado(corbado, ada.id)
    answer = page.post("/passkeys/")
    assert (answer.status_code, answer.json()["error"]) == (403, "closed")
    assert (page.who(), other.who()) == (None, None)


def test_a_user_who_asks_too_often_has_to_wait(page: ApiClient, corbado: Corbado) -> None:
    page.sign_in(corbado.add_user(ADA))
    for _ in range(21):
        answer = page.post("/passkeys/")
    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_attempts")
    assert answer["Retry-After"]


@pytest.fixture
def connect_page(page: ApiClient, settings: Any) -> ApiClient:
    settings.CORBADO_CONNECT = True
    return page


def test_a_passkey_of_connect_signs_in_without_a_question(
    connect_page: ApiClient, corbado: Corbado, make_user: Any
) -> None:
    ada = make_user(ADA)
    begun = connect_page.post("/sign-in/").json()
    assert begun["connect"]["project_id"] == connect_page.project_id
    assert "v1" not in begun
    body = {"state": begun["state"], "signedPasskeyData": corbado.connect_data(ada)}
    assert connect_page.post("/sign-in/finish/", body).json()["user"]["email"] == ADA
    assert connect_page.get("/session/").json()["method"] == "passkey"
    again = ApiClient(corbado)
    refused = again.post("/sign-in/finish/", body | {"state": again.begin()})
    assert (refused.status_code, refused.json()["error"]) == (401, "not_verified")
    used = again.post("/sign-in/finish/", body)
    assert (used.status_code, used.json()["error"]) == (400, "state_used")
    assert again.who() is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("no token", "malformed"),
        (7, "malformed"),
        (jwt(iss="pro-2", webauthnId="x", exp=9e9), "other_project"),
        (jwt(iss="pro-1", webauthnId="x", exp=0), "expired"),
    ],
)
def test_data_that_costs_no_call_is_refused_without_one(
    connect_page: ApiClient, corbado: Corbado, data: Any, code: str
) -> None:
    body = {"state": connect_page.begin(), "signedPasskeyData": data}
    answer = connect_page.post("/sign-in/finish/", body)
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert not corbado.requests


def test_an_unknown_handle_is_refused(connect_page: ApiClient, corbado: Corbado) -> None:
    body = {"state": connect_page.begin(), "signedPasskeyData": corbado.connect_data("0" * 32)}
    answer = connect_page.post("/sign-in/finish/", body)
    assert (answer.status_code, answer.json()["error"]) == (403, "refused")
    assert not ConnectAccount.objects.exists()


def test_connect_tokens_follow_the_rules_of_the_pages(
    connect_page: ApiClient, corbado: Corbado, make_user: Any
) -> None:
    def ask(kind: Any) -> Any:
        return connect_page.post("/passkeys/connect-token/", {"type": kind})

    assert ask("passkey-list").json()["error"] == "not_signed_in"
    body = {
        "state": connect_page.begin(),
        "signedPasskeyData": corbado.connect_data(make_user(ADA)),
    }
    connect_page.post("/sign-in/finish/", body)
    for kind in ("passkey-list", "passkey-append", "passkey-delete"):
        assert ask(kind).json()["token"]
    assert ask("passkey-login").json()["error"] == "unknown_type"
    age_sign_in(connect_page.http)
    assert ask("passkey-append").json()["error"] == "recent_sign_in_required"
    assert ask("passkey-list").json()["token"]
