"""Who may call the backend API, and what every answer carries (API notes 1.1, 1.2, 7.3-7.6)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import SITE, Server
from tests.emulator.conftest import OTHER_PROJECT, NewEmulator

CONFIG = "/v1/projectConfig"


@pytest.mark.security
@pytest.mark.parametrize(
    "auth",
    [None, ("pro-1", "wrong"), ("pro-1", ""), ("pro-9", "corbado1_emulator"), ("", "")],
    ids=["none", "wrong-secret", "no-secret", "unknown-project", "blank"],
)
def test_bad_credentials_all_look_the_same(server: Server, auth: Any) -> None:
    server.http.auth = auth
    answer = server.get(CONFIG)
    assert (answer.status, answer.error) == (401, "login_error")
    assert answer.body["error"]["details"] == "Wrong project ID or API secret"


@pytest.mark.security
@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic cHJvLTE=", "Bearer x", "x y z"])
def test_a_malformed_header_is_a_login_error(server: Server, header: str) -> None:
    server.http.auth = None
    answer = server.get(CONFIG, headers={"Authorization": header})
    assert (answer.status, answer.error) == (401, "login_error")


def test_a_secret_may_hold_a_colon_and_any_letter(new_emulator: NewEmulator) -> None:
    emulator = new_emulator(api_secret="cörbado1:a:b")
    server = Server(emulator, lambda *answer: None)
    server.http.auth = (b"pro-1", "cörbado1:a:b".encode())
    assert server.get(CONFIG).status == 200
    server.http.close()


@pytest.mark.security
def test_two_project_ids_in_one_call_do_not_match(server: Server) -> None:
    answer = server.get(CONFIG, headers={"X-Corbado-ProjectID": OTHER_PROJECT[0]})
    assert answer.error == "project_id_mismatch"


def test_the_same_project_id_twice_is_fine(server: Server) -> None:
    assert server.get(CONFIG, headers={"X-Corbado-ProjectID": "pro-1"}).status == 200


@pytest.mark.security
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:80"])
def test_a_foreign_origin_is_refused(server: Server, origin: str) -> None:
    assert server.get(CONFIG, headers={"Origin": origin}).error == "invalid_origin"


def test_an_authorised_origin_may_be_named(server: Server) -> None:
    assert server.get(CONFIG, headers={"Origin": SITE}).status == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b"null", b'{"a": NaN}', b"\xff", b"[" * 5000],
    ids=["none", "broken", "list", "text", "null", "nan", "bytes", "deep"],
)
def test_a_body_must_be_a_json_object(server: Server, body: bytes) -> None:
    answer = server.call("POST", CONFIG, data=body)
    assert (answer.status, answer.error) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", CONFIG),
        ("GET", "/v1/authTokens/validate"),
        ("GET", "/v1/users/authmethods"),
        ("PATCH", "/v1/users/usr-1"),
    ],
)
def test_a_wrong_verb_is_not_allowed(server: Server, method: str, path: str) -> None:
    answer = server.call(method, path, {})
    assert (answer.status, answer.error) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/users//emails", "/v1/"])
def test_an_unknown_path_is_not_found(server: Server, path: str) -> None:
    assert (server.get(path).status, server.get(path).error) == (404, "not_found")


def test_a_body_over_a_megabyte_is_refused(server: Server) -> None:
    answer = server.call("POST", CONFIG, data=b" " * 1_000_001)
    assert (answer.status, answer.error) == (413, "validation_error")


def test_a_request_may_bring_its_id(server: Server) -> None:
    answer = server.post(CONFIG, {"requestID": "req-4711"})
    assert answer.body["requestData"]["requestID"] == "req-4711"


def test_errors_carry_a_request_id_too(server: Server) -> None:
    answer = server.get("/v1/users/usr-1")
    assert answer.body["requestData"]["requestID"].startswith("req-")
    assert answer.body["httpStatusCode"] == answer.status == 404


def test_the_link_of_a_request_leads_to_the_emulators_page(
    server: Server, emulator: Emulator
) -> None:
    data = server.get(CONFIG).body["requestData"]
    assert data["link"] == f"{emulator.url}/_emulator/#{data['requestID']}"


def test_too_many_calls_are_refused_when_a_limit_is_on(server: Server, emulator: Emulator) -> None:
    emulator.control.rate_limit.set(3)
    answers = [server.get(CONFIG) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].error == "rate_limited"


def test_the_limit_looks_at_the_last_seconds_only(server: Server, emulator: Emulator) -> None:
    emulator.control.rate_limit.set(1, seconds=0.05)
    assert server.get(CONFIG).status == 200
    time.sleep(0.1)
    assert server.get(CONFIG).status == 200


def test_a_bug_in_the_emulator_is_an_internal_error(
    server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("corbado_auth.emulator.project.Project.config", property(fail))
    answer = server.get(CONFIG)
    assert (answer.status, answer.error) == (500, "internal_error")
    assert "ZeroDivisionError" in capfd.readouterr().err
