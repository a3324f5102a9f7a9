"""The one call on which a sign-in depends (API notes 1.3, 7.1, 7.2, 7.12)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import CLIENT_INFO, Server
from tests.emulator.conftest import OTHER_PROJECT

EMAIL = "ada@example.com"
UNKNOWN = "A" * 64


@pytest.fixture
def token(emulator: Emulator) -> str:
    user = emulator.control.add_user(EMAIL, "Ada")
    return emulator.control.issue_auth_token(user.id).id


def test_a_token_says_whose_it_is(token: str, server: Server) -> None:
    data = server.validate(token).data
    assert data["userID"] == data["user"]["ID"]
    assert (data["user"]["name"], data["user"]["fullName"]) == (EMAIL, "Ada")
    assert data["user"]["emails"][0]["status"] == "active"


def test_user_data_is_json_in_a_string(token: str, server: Server) -> None:
    data = json.loads(server.validate(token).data["userData"])
    assert data == {"username": EMAIL, "userFullName": "Ada"}


def test_a_token_has_64_letters_and_digits(token: str) -> None:
    assert len(token) == 64
    assert token.isalnum()
    assert token.isascii()


def test_an_unconfirmed_address_says_so(emulator: Emulator, server: Server) -> None:
    user = emulator.control.add_user(EMAIL, confirmed=False)
    found = server.validate(emulator.control.issue_auth_token(user.id).id).data["user"]
    assert (found["status"], found["emails"][0]["status"]) == ("pending", "pending")


@pytest.mark.security
def test_of_a_hundred_at_once_one_gets_in(token: str, server: Server) -> None:
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: server.validate(token).status, range(100)))
    assert sorted(answers) == [200] + [404] * 99


def _user(emulator: Emulator) -> str:
    (user,) = emulator.control.project.store.users.all()
    return user.id


def _used(emulator: Emulator, server: Server, token: str) -> str:
    server.validate(token)
    return token


def _expired(emulator: Emulator, server: Server, token: str) -> str:
    emulator.control.advance(5 * 60)
    return token


def _orphaned(emulator: Emulator, server: Server, token: str) -> str:
    server.delete(f"/v1/users/{_user(emulator)}", {})
    return token


def _session(emulator: Emulator, server: Server, token: str) -> str:
    return emulator.control.project.issue_session_token(_user(emulator))


def _foreign(emulator: Emulator, server: Server, token: str) -> str:
    server.http.auth = OTHER_PROJECT
    return token


@pytest.mark.security
@pytest.mark.parametrize("spoil", [_used, _expired, _orphaned, _session, _foreign])
def test_no_bad_token_tells_why(token: str, emulator: Emulator, server: Server, spoil: Any) -> None:
    answer = server.validate(spoil(emulator, server, token))
    unknown = server.validate(UNKNOWN)
    assert answer.status == unknown.status == 404
    assert answer.body["error"] == unknown.body["error"]
    assert answer.body["error"]["details"] == "Session doesn't exist"


@pytest.mark.security
def test_another_project_does_not_spend_a_token(
    token: str, emulator: Emulator, server: Server
) -> None:
    own = server.http.auth
    server.http.auth = OTHER_PROJECT
    server.validate(token)
    server.http.auth = own
    assert server.validate(token).status == 200


def test_a_token_is_good_until_the_fifth_minute(
    token: str, emulator: Emulator, server: Server
) -> None:
    emulator.control.advance(4 * 60)
    assert server.validate(token).status == 200


def test_old_tokens_are_forgotten_and_good_ones_kept(
    token: str, emulator: Emulator, server: Server
) -> None:
    project = emulator.control.project
    for _ in range(1100):
        project.spend_token("auth", emulator.control.issue_auth_token(_user(emulator)).id)
    assert len(project.store.tokens) <= 1001
    assert server.validate(token).status == 200


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "cannot be blank"),
        ("A" * 63, "the length must be exactly 64"),
        ("A" * 65, "the length must be exactly 64"),
        (None, "cannot be blank"),
        (["A" * 64], "must be a string"),
    ],
    ids=["blank", "short", "long", "null", "list"],
)
def test_the_form_is_checked_first(server: Server, token: Any, message: str) -> None:
    answer = server.validate(token)
    assert (answer.status, answer.validation) == (400, {"token": message})


@pytest.mark.parametrize("part", list(CLIENT_INFO))
def test_both_parts_of_the_client_info_are_required(token: str, server: Server, part: str) -> None:
    answer = server.validate(token, {**CLIENT_INFO, part: ""})
    assert (answer.status, list(answer.validation)) == (400, [f"clientInfo.{part}"])


@pytest.mark.parametrize("client_info", [None, "me", []], ids=str)
def test_a_refused_call_does_not_spend_the_token(
    token: str, server: Server, client_info: Any
) -> None:
    assert server.validate(token, client_info).status == 400
    assert server.validate(token).status == 200
