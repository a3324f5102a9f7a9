"""Corbado's Node.js SDK 2.1.3, the newest that speaks API v1, takes the emulator for Corbado."""

from __future__ import annotations

from corbado_auth.emulator import Emulator
from tests.sdk.conftest import Call

EMAIL = "ada@example.com"


def test_a_token_says_whose_it_is_once(emulator: Emulator, node_sdk_2: Call) -> None:
    user = emulator.control.add_user(EMAIL, "Ada")
    token = emulator.control.issue_auth_token(user.id).id
    data = node_sdk_2("validate", token)["answer"]["data"]
    assert (data["userID"], data["user"]["fullName"]) == (user.id, "Ada")
    assert node_sdk_2("validate", token)["error"] == 404


def test_a_user_is_made_read_and_deleted(emulator: Emulator, node_sdk_2: Call) -> None:
    made = node_sdk_2("create", EMAIL, "Ada")["answer"]["data"]
    (user,) = emulator.control.project.store.users.all()
    assert made["userID"] == user.id
    assert node_sdk_2("get", user.id)["answer"]["data"]["emails"][0]["email"] == EMAIL
    node_sdk_2("delete", user.id)
    assert node_sdk_2("get", user.id)["error"] == 404
