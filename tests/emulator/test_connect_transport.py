"""How Connect's calls travel: init answers, CORS, unknown paths, processes and events."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from corbado_auth.emulator import Emulator
from tests.emulator.clients import SITE, ConnectBrowser, Server
from tests.emulator.conftest import NewEmulator

INITS = [("login", "token"), ("append", "processID"), ("manage", "processID")]
WIRE_HEADERS = {
    "content-type",
    "x-corbado-client-timezone",
    "x-corbado-process-id",
    "x-corbado-projectid",
    "x-corbado-sdk",
}


@pytest.mark.parametrize(("what", "name"), INITS)
def test_an_init_says_all_that_the_component_needs(
    connect: ConnectBrowser, emulator: Emulator, what: str, name: str
) -> None:
    answer = connect.init(what).bare
    assert answer[name].startswith("prc-")
    assert len(answer[name]) == 20
    assert answer[f"{what}Allowed"] is True
    assert 0 < answer["expiresAt"] - time.time() <= 300
    assert answer["frontendApiUrl"] == emulator.url
    assert isinstance(answer["flags"], dict)
    assert answer["newClientEnvHandle"].startswith("ceh-")


def test_an_init_names_the_address_that_the_browser_used(connect: ConnectBrowser) -> None:
    connect.url = connect.url.replace("127.0.0.1", "localhost")
    assert connect.init("login").bare["frontendApiUrl"] == connect.url


def test_a_public_url_is_named_instead(new_emulator: NewEmulator, judge: Any) -> None:
    behind = new_emulator(public_url="https://corbado.example.test")
    browser = ConnectBrowser(behind, judge)
    assert browser.init("append").bare["frontendApiUrl"] == "https://corbado.example.test"
    browser.http.close()


def test_a_process_goes_on(connect: ConnectBrowser) -> None:
    process = connect.init("login").bare["token"]
    connect.http.headers["X-Corbado-Process-Id"] = process
    assert connect.init("append").bare["processID"] == process
    assert "newClientEnvHandle" not in connect.init("login", clientEnvHandle="ceh-1").bare


@pytest.mark.parametrize("name", ["prc-of-another-emulator", "prc-", "<script>", "x" * 200])
def test_an_unknown_process_does_no_harm(connect: ConnectBrowser, name: str) -> None:
    connect.http.headers["X-Corbado-Process-Id"] = name
    assert connect.init("login").bare["token"].startswith("prc-")
    assert connect.start("nobody").status == 200
    assert connect.post("/v2/connect/process/clear", {"processId": name}).bare == {
        "processId": name
    }


def test_autofill_is_offered_where_the_browser_has_it(connect: ConnectBrowser) -> None:
    assert connect.init("login").bare["flags"] == {"conditional-ui-allowed": "true"}
    answer = connect.init("login", isConditionalMediationAvailable=False).bare
    assert ("conditionalUIChallenge" in answer, answer["flags"]) == (False, {})


@pytest.mark.parametrize("what", ["login", "append", "manage"])
@pytest.mark.parametrize("body", [{}, {"clientInformation": "x", "flags": {}}])
def test_an_init_without_its_fields_is_refused(
    connect: ConnectBrowser, what: str, body: Any
) -> None:
    answer = connect.post(f"/v2/connect/{what}/init", body)
    assert "clientInformation" in answer.validation


def test_an_event_is_taken_in(connect: ConnectBrowser) -> None:
    answer = connect.post("/v2/connect/events", {"eventType": "login-error", "message": "m"})
    assert (answer.status, answer.body) == (204, None)
    assert answer.headers["Access-Control-Allow-Origin"] == SITE


def test_an_event_that_there_is_not_is_refused(connect: ConnectBrowser) -> None:
    assert list(connect.post("/v2/connect/events", {"eventType": "x"}).validation) == ["eventType"]


def test_a_preflight_allows_what_the_component_sends(emulator: Emulator) -> None:
    headers = {"Origin": SITE, "Access-Control-Request-Headers": ",".join(WIRE_HEADERS)}
    response = requests.options(
        f"{emulator.url}/v2/connect/login/init", headers=headers, timeout=10
    )
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == SITE
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert set(response.headers["Access-Control-Allow-Headers"].split(", ")) >= WIRE_HEADERS


@pytest.mark.security
@pytest.mark.parametrize("path", ["login/init", "append/start", "manage/list", "events"])
def test_a_foreign_page_gets_nothing(emulator: Emulator, path: str) -> None:
    response = requests.post(
        f"{emulator.url}/v2/connect/{path}",
        json={},
        headers={"Origin": "http://evil.example"},
        timeout=10,
    )
    assert (response.status_code, response.json()["error"]["type"]) == (403, "invalid_origin")
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("path", ["/v2/sessions", "/v2/connect/low-events", "/v2/", "/v2/x"])
def test_a_path_that_is_not_served_is_told_in_an_envelope_and_remembered(
    emulator: Emulator, connect: ConnectBrowser, path: str
) -> None:
    answer = connect.post(path, {"a": 1})
    assert (answer.status, answer.error) == (404, "not_found")
    assert answer.body["httpStatusCode"] == 404
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    entry = emulator.control.log.all()[-1]
    assert (entry.path, entry.status, entry.api) == (path, 404, "none")


def test_another_method_is_told_too(server: Server) -> None:
    answer = server.put("/v2/connectTokens", {})
    assert (answer.status, answer.error) == (405, "method_not_allowed")


def test_what_is_not_json_is_told(connect: ConnectBrowser) -> None:
    response = connect.http.post(f"{connect.url}/v2/connect/login/start", b"{", timeout=10)
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_json")
