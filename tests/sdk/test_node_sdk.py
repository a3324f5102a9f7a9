"""Corbado's Node.js SDK takes the emulator for Corbado."""

from __future__ import annotations

import pytest

from corbado_auth.emulator import Emulator
from tests.sdk.conftest import Call

EMAIL = "ada@example.com"


def test_a_token_says_whose_it_is(emulator: Emulator, node_sdk: Call) -> None:
    user = emulator.control.add_user(EMAIL, "Ada")
    data = node_sdk("validate", emulator.control.issue_auth_token(user.id).id)["answer"]["data"]
    assert data["userID"] == user.id
    assert data["user"]["fullName"] == "Ada"
    assert [(row["email"], row["status"]) for row in data["user"]["emails"]] == [(EMAIL, "active")]


def test_a_token_works_once(emulator: Emulator, node_sdk: Call) -> None:
    user = emulator.control.add_user(EMAIL)
    token = emulator.control.issue_auth_token(user.id).id
    outcomes = [node_sdk("validate", token), node_sdk("validate", token)]
    assert [outcome.get("error") for outcome in outcomes] == [None, 404]


def test_an_unknown_token_is_not_found(node_sdk: Call) -> None:
    outcome = node_sdk("validate", "A" * 64)
    assert (outcome["error"], outcome["body"]["error"]["type"]) == (404, "not_found")


@pytest.mark.parametrize("length", [63, 65], ids=["short", "long"])
def test_a_token_of_another_length_is_invalid(node_sdk: Call, length: int) -> None:
    outcome = node_sdk("validate", "A" * length)
    assert outcome["error"] == 400
    assert outcome["body"]["error"]["validation"] == [
        {"field": "token", "message": "the length must be exactly 64"}
    ]


def test_an_association_token_is_made(emulator: Emulator, node_sdk: Call) -> None:
    emulator.control.add_user(EMAIL)
    token = node_sdk("associate", EMAIL)["answer"]["data"]["token"]
    assert token.startswith("ast1_")


def test_an_association_token_needs_an_address(node_sdk: Call) -> None:
    outcome = node_sdk("associate", "nobody")
    assert (outcome["error"], outcome["body"]["error"]["type"]) == (400, "validation_error")
