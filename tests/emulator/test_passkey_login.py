"""Signing in with a passkey: by name, by conditional UI, and what is refused (API notes 7.10)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import SITE, Browser, Server
from tests.support.authenticator import PRESENT, VERIFIED, Authenticator, decode

EMAIL = "ada@example.com"
OTHER = "grace@example.com"


@pytest.fixture
def ada(browser: Browser, server: Server) -> Any:
    """Return a user with a passkey in ``browser``."""
    return server.who_arrives(browser.sign_up(EMAIL).data["redirectURL"])


def test_a_passkey_signs_in_again(ada: Any, browser: Browser, server: Server) -> None:
    answer = browser.log_in(EMAIL)
    assert (answer.data["username"], answer.data["confirmedCredential"]) == (EMAIL, True)
    assert server.who_arrives(answer.data["redirectURL"])["ID"] == ada["ID"]


def test_conditional_ui_finds_out_who_it_is(ada: Any, browser: Browser, server: Server) -> None:
    signed = browser.authenticator.get(browser.start_mediation())
    answer = browser.finish("login", signed)
    assert server.who_arrives(answer.data["redirectURL"])["ID"] == ada["ID"]


def test_auth_methods_offer_the_passkey_and_email(ada: Any, browser: Browser) -> None:
    answer = browser.post("/v1/users/authmethods", {"username": EMAIL})
    assert answer.data["selectedMethods"] == ["webauthn", "email"]


def test_no_session_of_corbados_own_is_given_out(ada: Any, browser: Browser) -> None:
    assert not {"longSession", "shortSession"} & set(browser.log_in(EMAIL).data)


def test_a_named_login_lists_the_users_passkeys_only(
    ada: Any, browser: Browser, second_browser: Browser
) -> None:
    second_browser.sign_up(OTHER)
    options = json.loads(browser.start_login(EMAIL))["publicKey"]
    (allowed,) = options["allowCredentials"]
    assert decode(allowed["id"]) == browser.authenticator.passkeys[0].id


def test_conditional_options_list_no_passkeys(ada: Any, browser: Browser) -> None:
    assert "allowCredentials" not in json.loads(browser.start_mediation())["publicKey"]


def test_without_a_passkey_login_falls_back_to_email(browser: Browser, emulator: Emulator) -> None:
    emulator.control.add_user(EMAIL)
    answer = browser.post("/v1/users/passkey/login/start", {"username": EMAIL})
    assert (answer.status, answer.error) == (404, "not_found")


def test_an_unknown_user_is_told_so(browser: Browser) -> None:
    answer = browser.post("/v1/users/authmethods", {"username": EMAIL})
    assert (answer.status, answer.validation) == (400, {"username": "user doesn't exist"})


def test_a_removed_passkey_falls_back_to_email(ada: Any, browser: Browser, server: Server) -> None:
    challenge = browser.start_login(EMAIL)
    (row,) = server.passkeys_of(ada["ID"])
    server.delete(f"/v1/users/{ada['ID']}/credentials/{row['id']}", {})
    answer = browser.finish("login", browser.authenticator.get(challenge))
    assert (answer.status, answer.error) == (404, "not_found")


def test_a_disabled_user_cannot_sign_in(ada: Any, browser: Browser, server: Server) -> None:
    challenge = browser.start_mediation()
    server.put(f"/v1/users/{ada['ID']}", {"status": "disabled"})
    assert browser.finish("login", browser.authenticator.get(challenge)).status == 404
    answer = browser.post("/v1/users/authmethods", {"username": EMAIL})
    assert answer.validation == {"username": "user is blocked"}


def test_a_user_who_went_away_gets_no_passkey(browser: Browser, server: Server) -> None:
    body = {"username": EMAIL, "fullName": "Ada"}
    challenge = browser.post("/v1/users/passkey/register/start", body).data["challenge"]
    (user,) = server.get("/v1/users").data["users"]
    server.delete(f"/v1/users/{user['ID']}", {})
    signed = browser.authenticator.create(challenge)
    assert browser.finish("register", signed).status == 400


def test_old_challenges_are_forgotten(ada: Any, browser: Browser, emulator: Emulator) -> None:
    for _ in range(5):
        browser.start_mediation()
    emulator.control.advance(5 * 60)
    browser.start_mediation()
    assert len(emulator.control.project.store.ceremonies) == 1


@pytest.mark.parametrize("path", ["authmethods", "passkey/login/start", "emaillinks/login/start"])
@pytest.mark.parametrize("username", ["", "ada", "a b@example.com"])
def test_a_username_is_an_email_address(browser: Browser, path: str, username: str) -> None:
    answer = browser.post(f"/v1/users/{path}", {"username": username})
    assert (answer.status, list(answer.validation)) == (400, ["username"])


@pytest.mark.security
@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:8001"},
        {"cross_origin": True},
        {"rp_id": "example.com"},
        {"type": "webauthn.create"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"signature": b"0" * 70},
        {"count": 0, "flags": 0},
        {"user_handle": "dXNyLTE"},
        {"challenge": "AAAA"},
    ],
    ids=[
        "origin",
        "port",
        "frame",
        "rp-id",
        "type",
        "not-verified",
        "not-present",
        "signature",
        "no-flags",
        "user-handle",
        "challenge",
    ],
)
def test_a_lie_in_an_assertion_is_refused(ada: Any, browser: Browser, lies: Any) -> None:
    signed = browser.authenticator.get(browser.start_login(EMAIL), **lies)
    answer = browser.finish("login", signed)
    assert (answer.status, answer.error) == (400, "validation_error")


@pytest.mark.security
def test_conditional_ui_needs_the_user_handle(ada: Any, browser: Browser) -> None:
    signed = browser.authenticator.get(browser.start_mediation(), user_handle=None)
    assert browser.finish("login", signed).status == 400


@pytest.mark.security
def test_a_counter_that_stands_still_is_a_copy(ada: Any, browser: Browser) -> None:
    browser.log_in(EMAIL)
    signed = browser.authenticator.get(browser.start_login(EMAIL), count=1)
    assert browser.finish("login", signed).status == 400


@pytest.mark.security
def test_another_users_passkey_is_refused(
    ada: Any, browser: Browser, second_browser: Browser
) -> None:
    second_browser.sign_up(OTHER)
    mallory = second_browser.authenticator
    signed = mallory.get(browser.start_login(EMAIL), passkey=mallory.passkeys[0])
    assert browser.finish("login", signed).status == 400


@pytest.mark.security
def test_a_challenge_is_used_once(ada: Any, browser: Browser) -> None:
    signed = browser.authenticator.get(browser.start_login(EMAIL))
    assert [browser.finish("login", signed).status for _ in range(2)] == [200, 400]


@pytest.mark.security
def test_a_failed_try_uses_the_challenge_up(ada: Any, browser: Browser) -> None:
    challenge = browser.start_login(EMAIL)
    browser.finish("login", browser.authenticator.get(challenge, origin="http://evil.example"))
    assert browser.finish("login", browser.authenticator.get(challenge)).status == 400


@pytest.mark.security
def test_a_challenge_expires(ada: Any, browser: Browser, emulator: Emulator) -> None:
    signed = browser.authenticator.get(browser.start_login(EMAIL))
    emulator.control.advance(5 * 60)
    assert browser.finish("login", signed).status == 400


@pytest.mark.security
@pytest.mark.parametrize("kind", ["register", "append"])
def test_a_login_challenge_makes_no_passkey(ada: Any, browser: Browser, kind: str) -> None:
    options = json.loads(browser.start_login(EMAIL))["publicKey"]
    making = {
        "rp": {"id": options["rpId"]},
        "user": {"id": "dXNyLTE"},
        "challenge": options["challenge"],
        "excludeCredentials": [],
    }
    signed = Authenticator(SITE).create(json.dumps({"publicKey": making}))
    assert browser.finish(kind, signed).status == 400


@pytest.mark.security
@pytest.mark.parametrize("kind", ["append", "login"])
def test_a_sign_up_challenge_ends_at_sign_up_only(browser: Browser, kind: str) -> None:
    body = {"username": EMAIL, "fullName": "Ada"}
    challenge = browser.post("/v1/users/passkey/register/start", body).data["challenge"]
    signed = browser.authenticator.create(challenge)
    assert browser.finish(kind, signed).status == 400


@pytest.mark.security
@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "http://evil.example"},
        {"rp_id": "example.com"},
        {"flags": PRESENT},
        {"type": "webauthn.get"},
        {"algorithm": -8},
    ],
    ids=lambda lies: next(iter(lies)),
)
def test_a_lie_in_a_registration_is_refused(browser: Browser, lies: Any) -> None:
    body = {"username": EMAIL, "fullName": "Ada"}
    challenge = browser.post("/v1/users/passkey/register/start", body).data["challenge"]
    answer = browser.finish("register", browser.authenticator.create(challenge, **lies))
    assert (answer.status, answer.error) == (400, "validation_error")


@pytest.mark.security
def test_a_credential_id_belongs_to_one_user(
    ada: Any, browser: Browser, second_browser: Browser
) -> None:
    body = {"username": OTHER, "fullName": "Mallory"}
    challenge = second_browser.post("/v1/users/passkey/register/start", body).data["challenge"]
    stolen = browser.authenticator.passkeys[0].id
    signed = second_browser.authenticator.create(challenge, credential_id=stolen)
    assert second_browser.finish("register", signed).status == 400


@pytest.mark.security
@pytest.mark.parametrize(
    "signed_challenge",
    ["", "{", "[]", "{}", '{"id": "a", "response": {}}', '{"id": "a", "response": {"x": 1}}']
    + ['{"id": "a", "response": {"clientDataJSON": "e30"}}', "[" * 5000],
    ids=["blank", "broken", "list", "empty", "no-data", "odd", "no-challenge", "deep"],
)
@pytest.mark.parametrize("kind", ["register", "login", "append"])
def test_nonsense_is_a_validation_error(browser: Browser, kind: str, signed_challenge: str) -> None:
    answer = browser.finish(kind, signed_challenge)
    assert (answer.status, list(answer.validation)) == (400, ["signedChallenge"])


@pytest.mark.security
@pytest.mark.parametrize("part", ["authenticatorData", "signature", "userHandle", "clientDataJSON"])
@pytest.mark.parametrize("value", [None, 7, "", "AAAA", "****"], ids=str)
def test_a_damaged_assertion_is_a_validation_error(
    ada: Any, browser: Browser, part: str, value: Any
) -> None:
    signed = json.loads(browser.authenticator.get(browser.start_mediation()))
    signed["response"][part] = value
    assert browser.finish("login", json.dumps(signed)).status == 400
