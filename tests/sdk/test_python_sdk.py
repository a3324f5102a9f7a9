"""Corbado's Python SDK takes the emulator for Corbado, as far as it can."""

from __future__ import annotations

from corbado_auth.emulator import Emulator
from tests.sdk.conftest import Call

EMAIL = "ada@example.com"


def test_a_user_is_made(emulator: Emulator, python_sdk: Call) -> None:
    data = python_sdk("create", EMAIL, "Ada")["answer"]["data"]
    (user,) = emulator.control.project.store.users.all()
    assert data["userID"] == user.id
    assert (user.name, user.full_name) == (EMAIL, "Ada")


def test_a_taken_address_is_refused(emulator: Emulator, python_sdk: Call) -> None:
    emulator.control.add_user(EMAIL)
    assert python_sdk("create", EMAIL, "Ada") == {"error": 409, "type": "already_exists"}


def test_users_are_listed(emulator: Emulator, python_sdk: Call) -> None:
    ids = {emulator.control.add_user(f"{name}@example.com").id for name in ("ada", "bob")}
    data = python_sdk("list")["answer"]["data"]
    assert {row["ID"] for row in data["users"]} == ids
    assert data["paging"]["totalItems"] == 2


def test_a_filter_narrows_the_list(emulator: Emulator, python_sdk: Call) -> None:
    for name in ("ada", "bob"):
        emulator.control.add_user(f"{name}@example.com")
    (row,) = python_sdk("list", f"name:eq:{EMAIL}")["answer"]["data"]["users"]
    assert row["name"] == EMAIL


def test_a_user_is_read(emulator: Emulator, python_sdk: Call) -> None:
    user = emulator.control.add_user(EMAIL, "Ada")
    data = python_sdk("get", user.id)["answer"]["data"]
    assert (data["ID"], data["fullName"], data["status"]) == (user.id, "Ada", "active")
    assert [(row["email"], row["status"]) for row in data["emails"]] == [(EMAIL, "active")]


def test_a_user_is_removed(emulator: Emulator, python_sdk: Call) -> None:
    user = emulator.control.add_user(EMAIL)
    assert python_sdk("delete", user.id)["answer"]["httpStatusCode"] == 200
    assert list(emulator.control.project.store.users.all()) == []


def test_removing_an_unknown_user_is_a_validation_error(python_sdk: Call) -> None:
    assert python_sdk("delete", "usr-1") == {"error": 400, "type": "validation_error"}


def test_an_address_is_added(emulator: Emulator, python_sdk: Call) -> None:
    user = emulator.control.add_user(EMAIL)
    added = python_sdk("add_email", user.id, "ada@example.org")["answer"]["data"]
    rows = python_sdk("get", user.id)["answer"]["data"]["emails"]
    assert {row["email"] for row in rows} == {EMAIL, "ada@example.org"}
    assert added["emailID"] in {row["ID"] for row in rows}


def test_a_token_cannot_be_validated_without_basic(emulator: Emulator, python_sdk: Call) -> None:
    """The SDK sends the project ID alone here, as its description has it (API notes 1.1)."""
    user = emulator.control.add_user(EMAIL)
    token = emulator.control.issue_auth_token(user.id).id
    assert python_sdk("validate", token) == {"error": 401, "type": "login_error"}
