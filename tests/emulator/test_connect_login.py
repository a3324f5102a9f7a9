"""Signing in with Connect: typed, by autofill, one tap or login token, and what falls back."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import SITE, ConnectBrowser, Judge, Server, claims_of
from tests.emulator.site import WebhookSite
from tests.support.authenticator import PRESENT, Authenticator, decode

ADA, GRACE = "4f1c", "9b2e"


@pytest.fixture
def ada(connect: ConnectBrowser, server: Server) -> str:
    """Return a user of the site with a passkey in ``connect``."""
    connect.append(server.connect_token("append", ADA))
    return ADA


def _who(answer: Any) -> str:
    return str(claims_of(answer.bare["signedPasskeyData"])["webauthnId"])


def _error(answer: Any) -> Any:
    assert answer.bare["assertionOptions"] == ""
    return answer.bare["fallbackOperationError"]


def test_a_typed_name_signs_in(ada: str, connect: ConnectBrowser, server: Server) -> None:
    answer = connect.log_in_as(ada)
    assert _who(answer) == ada
    assert server.verify(answer.bare["signedPasskeyData"], ada) == "success"
    assert answer.bare["session"] == ""
    assert answer.bare["passkeyOperation"]["identifierValue"] == ada
    assert "fallbackOperationError" not in answer.bare  # any would look like a failure


def test_autofill_signs_in(ada: str, connect: ConnectBrowser) -> None:
    answer = connect.autofill()
    assert _who(answer) == ada
    assert claims_of(answer.bare["signedPasskeyData"])["isCUI"] is True


def test_one_tap_signs_in_with_the_name_on_the_button(ada: str, connect: ConnectBrowser) -> None:
    shown = connect.autofill().bare["passkeyOperation"]["identifierValue"]
    assert _who(connect.log_in_as(shown, "one-tap")) == ada
    assert connect.log_in_as(ada).bare["passkeyOperation"]["identifierValue"] == ada


def test_one_name_on_two_buttons_signs_no_user_in(
    ada: str, connect: ConnectBrowser, server: Server
) -> None:
    for who in (ADA, GRACE):
        data = {"identifier": who, "displayName": "Ada King"}
        made = server.post("/v2/connectTokens", {"type": "passkey-append", "data": data}).bare
        options = connect.start_append(made["secret"], forcePasskeyAppend=True).bare
        device = Authenticator(SITE)
        connect.finish_append(device.create(options["attestationOptions"]))
        token = server.connect_token("login", who)
        start = connect.start("Ada King", "error-soft", loginConnectToken=token)
        assert connect.finish_login(device.get(start.bare["assertionOptions"])).status == 200
    assert _error(connect.start("Ada King", "one-tap"))["error"]["code"] == "no_cbo_user"


def test_a_login_token_signs_in_its_person_once(
    ada: str, connect: ConnectBrowser, server: Server
) -> None:
    token = server.connect_token("login", ada)
    assert _who(connect.log_in_as("", loginConnectToken=token)) == ada
    assert list(connect.start("", loginConnectToken=token).validation) == ["loginConnectToken"]


def test_options_list_the_users_passkeys_only(
    ada: str, connect: ConnectBrowser, server: Server
) -> None:
    other = Authenticator(SITE)
    options = connect.start_append(server.connect_token("append", GRACE)).bare
    connect.finish_append(other.create(options["attestationOptions"]))
    options = json.loads(connect.start(ada).bare["assertionOptions"])["publicKey"]
    (allowed,) = options["allowCredentials"]
    assert decode(allowed["id"]) == connect.authenticator.passkeys[0].id


def test_a_start_always_says_whether_to_fall_back(ada: str, connect: ConnectBrowser) -> None:
    assert connect.start(ada).bare["fallbackOperationError"] == {"initFallback": False}


def test_a_stranger_falls_back_silently(connect: ConnectBrowser) -> None:
    error = _error(connect.start("nobody@example.com"))
    assert (error["initFallback"], error["identifier"]) == (True, "nobody@example.com")
    assert error["error"] == {"code": "no_cbo_user", "message": ""}


def test_a_user_without_a_passkey_falls_back_like_a_stranger(
    connect: ConnectBrowser, server: Server
) -> None:
    connect.start_append(server.connect_token("append", ADA))
    stranger = _error(connect.start("nobody"))
    assert _error(connect.start(ADA)) == {**stranger, "identifier": ADA}


def test_a_disabled_user_falls_back(ada: str, connect: ConnectBrowser, server: Server) -> None:
    (user,) = server.get("/v2/users").bare["users"]
    start = connect.start(ada).bare["assertionOptions"]
    server.patch(f"/v2/users/{user['userID']}", {"status": "disabled"})
    assert _error(connect.start(ada))["error"]["code"] == "no_cbo_user"
    assert connect.finish_login(connect.authenticator.get(start)).status == 404


def test_autofill_with_a_deleted_passkey_says_so(
    ada: str, connect: ConnectBrowser, server: Server
) -> None:
    (row,) = connect.list_passkeys(server.connect_token("list", ada)).bare["passkeys"]
    connect.delete_passkey(server.connect_token("delete", ada), row["id"])
    answer = connect.autofill().bare
    assert (answer["session"], answer["signedPasskeyData"]) == ("", "")
    assert answer["fallbackOperationError"]["error"]["code"] == "cui_credential_deleted"


def test_a_deleted_passkey_is_not_found_for_a_typed_name(
    ada: str, connect: ConnectBrowser, server: Server
) -> None:
    options = connect.start(ada).bare["assertionOptions"]
    (row,) = connect.list_passkeys(server.connect_token("list", ada)).bare["passkeys"]
    connect.delete_passkey(server.connect_token("delete", ada), row["id"])
    answer = connect.finish_login(connect.authenticator.get(options))
    assert (answer.status, answer.error) == (404, "not_found")


def test_a_cancelled_attempt_leaves_the_challenge_good(ada: str, connect: ConnectBrowser) -> None:
    options = connect.start(ada).bare["assertionOptions"]
    assert connect.finish_login(connect.authenticator.get(options, flags=PRESENT)).status == 400
    assert connect.finish_login(connect.authenticator.get(options)).status == 200


@pytest.mark.security
def test_success_burns_the_challenge(ada: str, connect: ConnectBrowser) -> None:
    options = connect.start(ada).bare["assertionOptions"]
    assertion = connect.authenticator.get(options)
    assert connect.finish_login(assertion).status == 200
    assert list(connect.finish_login(assertion).validation) == ["assertionResponse"]
    assert connect.finish_login(connect.authenticator.get(options)).status == 400


@pytest.mark.security
def test_of_many_finishes_at_once_one_succeeds(
    ada: str, connect: ConnectBrowser, emulator: Emulator, judge: Judge
) -> None:
    options = connect.start(ada).bare["assertionOptions"]
    assertion = connect.authenticator.get(options)

    def finish(_: int) -> int:
        other = ConnectBrowser(emulator, judge)
        status = other.finish_login(assertion).status
        other.http.close()
        return status

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(finish, range(12)))
    assert (statuses.count(200), statuses.count(400)) == (1, 11)


@pytest.mark.security
@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "http://evil.example"},
        {"rp_id": "evil.example"},
        {"type": "webauthn.create"},
        {"challenge": "AAAA"},
        {"flags": PRESENT},
        {"cross_origin": True},
        {"signature": b"forged"},
        {"user_handle": "AAAA"},
        {"count": 1},
    ],
    ids=lambda lies: next(iter(lies)),
)
def test_a_dishonest_assertion_is_refused(ada: str, connect: ConnectBrowser, lies: Any) -> None:
    connect.log_in_as(ada)
    options = connect.start(ada).bare["assertionOptions"]
    answer = connect.finish_login(connect.authenticator.get(options, **lies))
    assert list(answer.validation) == ["assertionResponse"]


@pytest.mark.security
def test_anothers_passkey_does_not_sign_in(
    ada: str, connect: ConnectBrowser, server: Server
) -> None:
    options = connect.start_append(server.connect_token("append", GRACE)).bare
    connect.finish_append(connect.authenticator.create(options["attestationOptions"]))
    start = connect.start(ada).bare["assertionOptions"]
    graces = connect.authenticator.passkeys[-1]
    answer = connect.finish_login(connect.authenticator.get(start, passkey=graces))
    assert list(answer.validation) == ["assertionResponse"]


@pytest.mark.security
def test_the_two_kinds_of_challenge_do_not_mix(ada: str, connect: ConnectBrowser) -> None:
    typed = connect.authenticator.get(connect.start(ada).bare["assertionOptions"])
    assert connect.finish_login(typed, conditional=True).status == 400
    options = connect.init("login").bare["conditionalUIChallenge"]
    assert connect.finish_login(connect.authenticator.get(options)).status == 400


@pytest.mark.security
def test_autofill_needs_a_user_handle(ada: str, connect: ConnectBrowser) -> None:
    options = connect.init("login").bare["conditionalUIChallenge"]
    assertion = connect.authenticator.get(options, user_handle=None)
    assert connect.finish_login(assertion, conditional=True).status == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"source": "text-field", "loadedMs": 1}, "identifier"),
        ({"identifier": " ", "source": "text-field", "loadedMs": 1}, "identifier"),
        ({"identifier": 1, "source": "text-field", "loadedMs": 1}, "identifier"),
        ({"identifier": "a", "loadedMs": 1}, "source"),
        ({"identifier": "a", "source": "guess", "loadedMs": 1}, "source"),
        ({"identifier": "a", "source": "one-tap"}, "loadedMs"),
    ],
)
def test_a_wrong_start_names_its_field(connect: ConnectBrowser, body: Any, field: str) -> None:
    assert field in connect.post("/v2/connect/login/start", body).validation


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"id": "x", "response": {}}'])
def test_what_is_no_assertion_is_refused(connect: ConnectBrowser, text: str) -> None:
    assert list(connect.finish_login(text).validation) == ["assertionResponse"]


class TestIdentifierEndpoint:
    """The site says whose a typed name is, as its pre-login action does at Corbado."""

    @pytest.fixture
    def site(self, emulator: Emulator) -> Any:
        with WebhookSite() as site:
            emulator.control.turn_connect(
                identifierURL=site.url, identifierCredentials="hook:pass:word"
            )
            yield site

    @staticmethod
    def _answers(site: WebhookSite, body: Any, status: int = 200) -> None:
        site.answer = lambda asked: (status, json.dumps(body).encode())

    def test_its_answer_decides(self, ada: str, connect: ConnectBrowser, site: WebhookSite) -> None:
        self._answers(site, {"identifier": ada})
        answer = connect.log_in_as("Ada@Example.com")
        assert _who(answer) == ada
        assert answer.bare["passkeyOperation"]["identifierValue"] == "Ada@Example.com"
        ((headers, body),) = site.calls
        assert body == {"identifier": "Ada@Example.com"}
        assert headers["Authorization"] == "Basic aG9vazpwYXNzOndvcmQ="

    def test_one_tap_does_not_ask_again(
        self, ada: str, connect: ConnectBrowser, site: WebhookSite
    ) -> None:
        self._answers(site, {"identifier": ada})
        connect.log_in_as("ada@example.com")
        assert _who(connect.log_in_as("ada@example.com", "one-tap")) == ada
        assert len(site.calls) == 1

    def test_the_identifier_itself_is_a_typed_name_like_any_other(
        self, ada: str, connect: ConnectBrowser, site: WebhookSite
    ) -> None:
        self._answers(site, {"identifier": ""})
        assert _error(connect.start(ada)) == {"initFallback": True, "identifier": ada}

    def test_an_error_for_the_person_is_handed_on(
        self, connect: ConnectBrowser, site: WebhookSite
    ) -> None:
        why = {"return": True, "code": "user_not_found", "message": "Nobody has this address."}
        self._answers(site, {"identifier": "", "error": why})
        error = _error(connect.start("ada@example.com"))
        assert error["initFallback"] is False
        assert error["error"] == {"code": "user_not_found", "message": why["message"]}

    def test_a_silent_error_stays_silent(self, connect: ConnectBrowser, site: WebhookSite) -> None:
        self._answers(site, {"identifier": "", "error": {"return": False, "code": "locked"}})
        assert "error" not in _error(connect.start("ada@example.com"))

    @pytest.mark.parametrize(
        ("status", "body"),
        [(401, {"identifier": ADA}), (500, {}), (200, []), (200, {}), (200, {"identifier": 1})],
    )
    def test_no_good_answer_falls_back(
        self, ada: str, connect: ConnectBrowser, site: WebhookSite, status: int, body: Any
    ) -> None:
        self._answers(site, body, status)
        error = _error(connect.start("ada@example.com"))
        assert (error["initFallback"], error["error"]["code"]) == (True, "unexpected_error")

    def test_an_answer_that_is_no_json_falls_back(
        self, connect: ConnectBrowser, site: WebhookSite
    ) -> None:
        site.answer = lambda asked: (200, b"<html>")
        assert _error(connect.start("ada@example.com"))["error"]["code"] == "unexpected_error"

    def test_a_site_that_is_down_falls_back_and_is_shown(
        self, connect: ConnectBrowser, site: WebhookSite, emulator: Emulator
    ) -> None:
        site.close()
        assert _error(connect.start("ada@example.com"))["error"]["code"] == "unexpected_error"
        (call,) = emulator.control.project.store.deliveries.all()
        assert (call.action, call.username) == ("preLogin", "ada@example.com")
        assert call.error

    def test_webhook_logs_are_those_of_v1(
        self, connect: ConnectBrowser, site: WebhookSite, server: Server
    ) -> None:
        self._answers(site, {"identifier": ""})
        connect.start("ada@example.com")
        assert server.get("/v1/webhookLogs").data["logs"] == []
