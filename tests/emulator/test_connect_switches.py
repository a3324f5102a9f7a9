"""Connect's switches and the control API, as developers and tests use them."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from corbado_auth.emulator import Emulator
from corbado_auth.emulator.config import ConfigError
from tests.emulator.clients import ConnectBrowser, Judge, Server, claims_of
from tests.emulator.conftest import NewEmulator

ADA = "4f1c"


@pytest.fixture
def ada(connect: ConnectBrowser, server: Server) -> str:
    connect.append(server.connect_token("append", ADA))
    return ADA


def _control(emulator: Emulator, route: str, **body: Any) -> requests.Response:
    return requests.post(f"{emulator.url}/_emulator/{route}", json=body, timeout=10)


def _turn(emulator: Emulator, **body: Any) -> Any:
    response = _control(emulator, "connect", **body)
    assert response.status_code == 200, response.text
    return response.json()["switches"]


@pytest.mark.parametrize("what", ["login", "append", "manage"])
def test_a_kill_switch_stops_the_init(
    emulator: Emulator, connect: ConnectBrowser, what: str
) -> None:
    _turn(emulator, **{f"{what}KillSwitchActive": True})
    answer = connect.init(what).bare
    assert (answer[f"{what}Allowed"], answer["flags"]) == (False, {})
    assert "conditionalUIChallenge" not in answer
    _turn(emulator, **{f"{what}KillSwitchActive": False})
    assert connect.init(what).bare[f"{what}Allowed"] is True


def test_a_kill_switch_stops_what_a_browser_has_begun(
    ada: str, emulator: Emulator, connect: ConnectBrowser, server: Server
) -> None:
    _turn(emulator, loginKillSwitchActive=True, appendKillSwitchActive=True)
    start = connect.start(ada).bare
    assert (start["assertionOptions"], start["fallbackOperationError"]["initFallback"]) == (
        "",
        True,
    )
    _turn(emulator, loginKillSwitchActive=False)
    options = connect.init("login").bare["conditionalUIChallenge"]
    _turn(emulator, loginKillSwitchActive=True)
    finish = connect.finish_login(connect.authenticator.get(options), conditional=True).bare
    assert (finish["signedPasskeyData"], "error" in finish["fallbackOperationError"]) == ("", False)
    token = server.connect_token("append", "9b2e")
    assert connect.start_append(token, forcePasskeyAppend=True).bare["attestationOptions"] == ""


def test_a_rollout_divides_browsers_and_stays_with_its_decision(
    emulator: Emulator, connect: ConnectBrowser
) -> None:
    handles = [f"ceh-{number}" for number in range(40)]

    def allowed() -> list[bool]:
        return [
            connect.init("login", clientEnvHandle=handle).bare["loginAllowed"] for handle in handles
        ]

    _turn(emulator, rollout=50)
    first = allowed()
    assert set(first) == {True, False}
    assert allowed() == first
    _turn(emulator, rollout=0)
    assert set(allowed()) == {False}


@pytest.mark.parametrize(
    ("code", "falls_back"),
    [
        ("no_cbo_user", True),
        ("user_not_found", False),
        ("identifier_not_whitelisted", True),
        ("unexpected_error", True),
        ("cui_alternative_project_id", True),
        ("a_code_of_the_sites_own", True),
    ],
)
def test_every_login_falls_back_with_a_code(
    ada: str, emulator: Emulator, connect: ConnectBrowser, code: str, falls_back: bool
) -> None:
    _turn(emulator, fallback=code)
    error = connect.start(ada).bare["fallbackOperationError"]
    assert (error["error"]["code"], error["initFallback"]) == (code, falls_back)
    finish = connect.autofill().bare
    assert finish["signedPasskeyData"] == ""
    assert finish["fallbackOperationError"]["error"]["code"] == code
    _turn(emulator, fallback="")
    assert connect.log_in_as(ada).bare["signedPasskeyData"]


def test_a_verification_answers_with_any_word(emulator: Emulator, server: Server) -> None:
    _turn(emulator, verificationResult="generic_error")
    signed = emulator.issue_signed_passkey_data(ADA)
    assert server.verify(signed, ADA) == "generic_error"
    emulator.control.turn_connect(verificationResult="something_new")
    body = {"signedPasskeyData": signed, "username": ADA}
    auth = (emulator.config.project_id, emulator.config.api_secret)
    url = f"{emulator.url}/v2/passkey/verifySignedData"
    answer = requests.post(url, json=body, auth=auth, timeout=10)
    assert answer.json() == {"verificationResult": "something_new"}


def test_appends_are_offered_in_other_ways(
    emulator: Emulator, connect: ConnectBrowser, server: Server
) -> None:
    _turn(emulator, autoAppend=True, conditionalAppend=True)
    answer = connect.start_append(server.connect_token("append", ADA)).bare
    assert (answer["autoAppend"], answer["conditionalAppend"]) == (True, True)


def test_logins_are_offered_in_other_ways(
    ada: str, emulator: Emulator, connect: ConnectBrowser, server: Server
) -> None:
    _turn(emulator, isCDA=True, conditionalUI=False, session="from-the-post-login-action")
    assert connect.start(ada).bare["isCDA"] is True
    assert "conditionalUIChallenge" not in connect.init("login").bare
    answer = connect.log_in_as(ada).bare
    assert answer["session"] == "from-the-post-login-action"
    assert claims_of(answer["signedPasskeyData"])["webauthnId"] == ada
    _turn(emulator, requireConnectLoginToken=True, session="jwt={signedPasskeyData}")
    assert list(connect.start(ada).validation) == ["loginConnectToken"]
    token = server.connect_token("login", ada)
    answer = connect.log_in_as("", loginConnectToken=token).bare
    assert answer["session"] == f"jwt={answer['signedPasskeyData']}"


def test_failures_are_planned_as_for_v1(
    ada: str, emulator: Emulator, connect: ConnectBrowser, server: Server
) -> None:
    path = "/v2/connect/login/start"
    assert _control(emulator, "failures", path=path, status=503).status_code == 200
    assert [connect.start(ada).status for _ in range(2)] == [503, 200]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"rollout": 101}, "rollout"),
        ({"rollout": -1}, "rollout"),
        ({"rollout": "50"}, "rollout"),
        ({"isCDA": 1}, "isCDA"),
        ({"fallback": None, "colour": "red"}, "colour"),
        ({"identifierURL": "localhost:8000"}, "identifierURL"),
        ({"identifierCredentials": "hook"}, "user:password"),
    ],
)
def test_a_switch_that_does_not_turn_says_why(
    emulator: Emulator, body: dict[str, Any], word: str
) -> None:
    before = requests.get(f"{emulator.url}/_emulator/state", timeout=10).json()
    response = _control(emulator, "connect", **body)
    assert response.status_code == 400
    assert word in response.json()["error"]
    assert (
        requests.get(f"{emulator.url}/_emulator/state", timeout=10).json()["connect"]
        == (before["connect"])
    )


def test_a_reset_turns_all_back(emulator: Emulator) -> None:
    start = _turn(emulator)
    _turn(emulator, loginKillSwitchActive=True, rollout=1, fallback="no_cbo_user")
    emulator.control.reset()
    assert _turn(emulator) == start


def test_the_command_line_sets_the_identifier_endpoint(new_emulator: NewEmulator) -> None:
    url = "http://localhost:8000/corbado/webhooks/connect/identifier/"
    started = new_emulator(identifier_url=url, identifier_credentials="hook:secret")
    switches = _turn(started)
    assert (switches["identifierURL"], switches["identifierCredentials"]) == (url, "********")


def test_the_state_shows_users_passkeys_and_tokens(
    ada: str, emulator: Emulator, server: Server
) -> None:
    server.connect_token("list", ada)
    state = requests.get(f"{emulator.url}/_emulator/state", timeout=10).json()["connect"]
    (user,) = state["users"]
    assert (user["identifier"], user["displayName"]) == (ada, f"{ada} of the tests")
    assert (len(user["passkeys"]), state["userCount"]) == (1, 1)
    shown = [(row["type"], row["identifier"], row["state"]) for row in state["tokens"]]
    assert shown == [("passkey-list", ada, "unused"), ("passkey-append", ada, "used")]
    assert state["tokens"][0]["token"] == "ctk1… (35)"


def test_a_login_can_be_had_without_a_browser(emulator: Emulator, server: Server) -> None:
    made = _control(emulator, "connect/signed-passkey-data", identifier=ADA)
    assert server.verify(made.json()["signedPasskeyData"], ADA) == "success"
    assert _control(emulator, "connect/signed-passkey-data").status_code == 400


def test_connect_may_be_another_project(new_emulator: NewEmulator, judge: Judge) -> None:
    both = new_emulator(connect_project_id="pro-7", connect_api_secret="corbado1_connect")
    _turn(both, rollout=0)
    browser, server = ConnectBrowser(both, judge), Server(both, judge)
    assert browser.init("login").bare["loginAllowed"] is True
    browser.http.headers["X-Corbado-ProjectID"] = "pro-7"
    assert browser.init("login").bare["loginAllowed"] is False
    signed = both.issue_signed_passkey_data(ADA)
    assert server.verify(signed, ADA) == "invalid_signature"
    server.http.auth = ("pro-7", "corbado1_connect")
    assert server.verify(signed, ADA) == "success"
    state = requests.get(f"{both.url}/_emulator/state", timeout=10).json()
    assert (state["project"]["projectID"], state["connect"]["projectID"]) == ("pro-1", "pro-7")
    for client in (browser, server):
        client.http.close()


def test_a_connect_project_needs_a_secret(new_emulator: NewEmulator) -> None:
    with pytest.raises(ConfigError, match="Connect project"):
        new_emulator(connect_project_id="pro-7")
