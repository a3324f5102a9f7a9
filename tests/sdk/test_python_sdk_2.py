"""Corbado's Python SDK 2 takes the emulator for Corbado Connect, as far as it can.

It cannot read a connect token: to its models the data of one kind fit all kinds.
"""

from __future__ import annotations

import pytest

from corbado_auth.emulator import Emulator
from corbado_auth.emulator.connect import tokens
from tests.sdk.conftest import Call

ADA, GRACE = "4f1c", "9b2e"


def test_a_passkey_login_is_verified_once(emulator: Emulator, python_sdk_2: Call) -> None:
    signed = emulator.issue_signed_passkey_data(ADA)
    results = [python_sdk_2("verify", signed, ADA)["answer"] for _ in range(2)]
    assert [one["verificationResult"] for one in results] == ["success", "invalid_challenge"]
    entry = emulator.control.log.all()[0]
    assert (entry.method, entry.path) == ("POST", "/v2/passkey/verifySignedData")
    assert set(entry.body) == {"signedPasskeyData", "username"}


def test_another_name_is_a_mismatch(emulator: Emulator, python_sdk_2: Call) -> None:
    signed = emulator.issue_signed_passkey_data(ADA)
    answer = python_sdk_2("verify", signed, GRACE)["answer"]
    assert answer["verificationResult"] == "user_mismatch"


@pytest.mark.parametrize("token", ["hello", "a.b.c"])
def test_what_is_no_token_is_refused(python_sdk_2: Call, token: str) -> None:
    answer = python_sdk_2("verify", token, ADA)["answer"]
    assert answer["verificationResult"] == "invalid_signature"


def test_a_user_is_made_read_and_deleted(emulator: Emulator, python_sdk_2: Call) -> None:
    made = python_sdk_2("create", "Ada", ADA)["answer"]
    (user,) = emulator.control.project.store.connect_users.all()
    assert (made["userID"], made["fullName"]) == (user.id, "Ada")
    assert python_sdk_2("get", user.id)["answer"]["status"] == "active"
    python_sdk_2("delete", user.id)
    assert python_sdk_2("get", user.id) == {"error": 404, "type": "not_found"}


def test_a_token_is_deleted(emulator: Emulator, python_sdk_2: Call) -> None:
    token = tokens.issue(emulator.control.project, tokens.LIST, ADA)
    answer = python_sdk_2("delete_token", token.id)["answer"]
    assert answer["httpStatusCode"] == 200
    assert python_sdk_2("delete_token", token.id) == {"error": 404, "type": "not_found"}
