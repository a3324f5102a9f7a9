"""Passkeys by the backend API, association tokens, the browser's own list (API notes 1.6, 1.7)."""

from __future__ import annotations

from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import CLIENT_INFO, Browser, Server

EMAIL = "ada@example.com"
ASSOCIATE = "/v1/users/passkey/associate/start"


@pytest.fixture
def ada(browser: Browser, server: Server) -> Any:
    return server.who_arrives(browser.sign_up(EMAIL).data["redirectURL"])


def test_the_list_can_be_filtered_by_user(
    ada: Any, server: Server, second_browser: Browser
) -> None:
    second_browser.sign_up("grace@example.com")
    assert server.get("/v1/webauthn/credential").body["paging"]["totalItems"] == 2
    (row,) = server.passkeys_of(ada["ID"])
    assert (row["status"], row["transport"], row["userAgent"]) == (
        "active",
        ["internal"],
        "Test browser",
    )
    assert server.passkeys_of(ada["ID"].removeprefix("usr-"))[0]["id"] == row["id"]


def test_last_used_moves_with_each_login(
    ada: Any, browser: Browser, server: Server, emulator: Emulator
) -> None:
    (before,) = server.passkeys_of(ada["ID"])
    emulator.control.advance(3600)
    browser.log_in(EMAIL)
    (after,) = server.passkeys_of(ada["ID"])
    assert (before["created"], after["created"]) == (before["lastUsed"], before["created"])
    assert after["lastUsed"] > before["lastUsed"]


def test_a_passkey_can_be_paused(ada: Any, browser: Browser, server: Server) -> None:
    (row,) = server.passkeys_of(ada["ID"])
    path = f"/v1/webauthn/credential/{row['id']}"
    assert server.put(path, {"status": "pending"}).body["status"] == "pending"
    assert browser.log_in(EMAIL).error == "client_error"
    server.put(path, {"status": "active"})
    assert browser.log_in(EMAIL).status == 200


def test_a_passkey_can_be_removed_by_its_status(ada: Any, server: Server) -> None:
    (row,) = server.passkeys_of(ada["ID"])
    path = f"/v1/webauthn/credential/{row['id']}"
    assert server.put(path, {"status": "deleted"}).body["status"] == "deleted"
    assert server.passkeys_of(ada["ID"]) == []
    assert server.put(path, {"status": "active"}).validation == {"credentialID": "does not exist"}


def test_a_passkey_is_removed_under_its_own_user_only(
    ada: Any, server: Server, emulator: Emulator
) -> None:
    (row,) = server.passkeys_of(ada["ID"])
    other = emulator.control.add_user("grace@example.com")
    refused = server.delete(f"/v1/users/{other.id}/credentials/{row['id']}", {})
    assert refused.validation == {"credentialID": "does not exist"}
    assert server.delete(f"/v1/users/{ada['ID']}/credentials/{row['id']}", {}).status == 200
    assert server.passkeys_of(ada["ID"]) == []


def test_whether_a_user_has_a_passkey(ada: Any, server: Server) -> None:
    question = {"loginIdentifierType": "email", "clientInfo": CLIENT_INFO}
    for email, expected in ((EMAIL, True), ("grace@example.com", False)):
        answer = server.post(
            "/v1/webauthn/credential/exists", {**question, "loginIdentifier": email}
        )
        assert answer.body["exists"] is expected


def test_a_passkey_is_known_on_the_device_that_made_it(
    ada: Any, browser: Browser, second_browser: Browser
) -> None:
    question = {"loginIdentifier": EMAIL, "loginIdentifierType": "email"}
    answers = [
        client.post("/v1/users/device/passkey", question).body["exists"]
        for client in (browser, second_browser)
    ]
    assert answers == [True, False]


def test_the_site_vouches_for_who_adds_a_passkey(
    browser: Browser, server: Server, emulator: Emulator
) -> None:
    user = emulator.control.add_user(EMAIL)
    token = server.association_token(EMAIL)
    assert (token[:5], len(token)) == ("ast1_", 35)
    challenge = browser.post(ASSOCIATE, {"associationToken": token}).data["challenge"]
    browser.finish("append", browser.authenticator.create(challenge))
    assert len(server.passkeys_of(user.id)) == 1
    assert browser.log_in(EMAIL).status == 200


def test_association_makes_an_unknown_user(browser: Browser, server: Server) -> None:
    server.association_token(EMAIL)
    (user,) = server.get("/v1/users").data["users"]
    assert (user["name"], user["emails"][0]["status"]) == (EMAIL, "pending")


@pytest.mark.security
def test_an_association_token_works_once(browser: Browser, server: Server) -> None:
    token = server.association_token(EMAIL)
    answers = [browser.post(ASSOCIATE, {"associationToken": token}) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 400]
    assert list(answers[1].validation) == ["associationToken"]


@pytest.mark.security
def test_an_association_token_expires(browser: Browser, server: Server, emulator: Emulator) -> None:
    token = server.association_token(EMAIL)
    emulator.control.advance(5 * 60)
    assert browser.post(ASSOCIATE, {"associationToken": token}).status == 400


@pytest.mark.security
def test_no_other_token_associates(ada: Any, browser: Browser, emulator: Emulator) -> None:
    token = emulator.control.issue_auth_token(ada["ID"]).id
    assert browser.post(ASSOCIATE, {"associationToken": token}).status == 400


def test_a_disabled_user_is_rejected_with_a_reason(server: Server, emulator: Emulator) -> None:
    user = emulator.control.add_user(EMAIL)
    server.put(f"/v1/users/{user.id}", {"status": "disabled"})
    body = {"loginIdentifier": EMAIL, "loginIdentifierType": "email", "clientInfo": CLIENT_INFO}
    assert server.post("/v1/associationTokens", body).data == {"rejectionReason": "user_disabled"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"loginIdentifier": ""}, "loginIdentifier"),
        ({"loginIdentifier": "ada"}, "loginIdentifier"),
        ({"loginIdentifierType": "shoe"}, "loginIdentifierType"),
        ({"clientInfo": {"remoteAddress": "192.0.2.7"}}, "clientInfo.userAgent"),
    ],
    ids=["blank", "no-address", "type", "client-info"],
)
def test_a_wrong_field_of_an_association_is_named(server: Server, changes: Any, field: str) -> None:
    good = {"loginIdentifier": EMAIL, "loginIdentifierType": "email", "clientInfo": CLIENT_INFO}
    answer = server.post("/v1/associationTokens", {**good, **changes})
    assert (answer.status, list(answer.validation)) == (400, [field])


def test_the_browser_lists_and_removes_its_own(
    browser: Browser, server: Server, second_browser: Browser
) -> None:
    session = {"Authorization": f"Bearer {browser.sign_up(EMAIL).data['sessionToken']}"}
    other = {
        "Authorization": f"Bearer {second_browser.sign_up('b@example.com').data['sessionToken']}"
    }
    (row,) = browser.get("/v1/me/passkeys", headers=session).data["passkeys"]
    path = f"/v1/me/passkeys/{row['id']}"
    assert second_browser.delete(path, headers=other).validation == {
        "credentialID": "does not exist"
    }
    assert browser.delete(path, headers=session).status == 200
    assert browser.get("/v1/me/passkeys", headers=session).data["passkeys"] == []


@pytest.mark.security
def test_passkeys_are_not_listed_without_a_session(browser: Browser) -> None:
    assert browser.get("/v1/me/passkeys").status == 401


def test_there_is_no_session_to_refresh(browser: Browser) -> None:
    assert browser.put("/v1/sessions/refresh").status == 401


def test_the_key_set_holds_a_real_key(browser: Browser) -> None:
    response = browser.http.get(f"{browser.url}/.well-known/jwks")
    (key,) = response.json()["keys"]
    assert (key["kty"], key["alg"], len(key["n"])) == ("RSA", "RS256", 342)
