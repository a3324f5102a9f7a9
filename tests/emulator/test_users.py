"""Users and their addresses by the backend API (API notes 1.4, 1.5)."""

from __future__ import annotations

from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import Server

EMAIL = "ada@example.com"


def _create(server: Server, email: str = EMAIL, **more: str) -> Any:
    return server.post("/v1/users", {"name": email, "email": email, **more}).data


def test_a_new_user_can_be_read(server: Server) -> None:
    made = _create(server, fullName="Ada", phoneNumber="+4912345")
    user = server.get(f"/v1/users/{made['userID']}").data
    assert (user["name"], user["fullName"], user["status"]) == (EMAIL, "Ada", "active")
    assert (user["emails"][0]["ID"], user["emails"][0]["status"]) == (made["emailID"], "pending")
    assert user["phoneNumbers"][0]["ID"] == made["phoneNumberID"]


def test_a_user_needs_a_name(server: Server) -> None:
    answer = server.post("/v1/users", {"name": ""})
    assert (answer.status, answer.validation) == (400, {"name": "cannot be blank"})


def test_an_address_must_look_like_one(server: Server) -> None:
    answer = server.post("/v1/users", {"name": "ada", "email": "ada"})
    assert list(answer.validation) == ["email"]


def test_a_taken_address_exists_already(server: Server) -> None:
    _create(server)
    answer = server.post("/v1/users", {"name": "x", "email": EMAIL.upper()})
    assert (answer.status, answer.error) == (409, "already_exists")
    assert server.get("/v1/users").data["paging"]["totalItems"] == 1


def test_an_unknown_user_is_not_found(server: Server) -> None:
    answer = server.get("/v1/users/usr-1")
    assert (answer.status, answer.error) == (404, "not_found")


def test_an_update_changes_what_it_names(server: Server) -> None:
    path = f"/v1/users/{_create(server, fullName='Ada')['userID']}"
    assert server.put(path, {"name": "countess"}).data["fullName"] == "Ada"
    assert server.put(path, {"fullName": ""}).data["name"] == "countess"
    assert server.put("/v1/users/usr-1", {}).status == 404


def test_a_disabled_user_reads_as_deleted(server: Server) -> None:
    path = f"/v1/users/{_create(server)['userID']}"
    assert server.put(path, {"status": "disabled"}).data["status"] == "disabled"
    assert server.get(path).data["status"] == "deleted"


@pytest.mark.parametrize("status", ["pending", "deleted", "gone", 1])
def test_an_update_knows_two_states(server: Server, status: Any) -> None:
    answer = server.put(f"/v1/users/{_create(server)['userID']}", {"status": status})
    assert list(answer.validation) == ["status"]


def test_a_deleted_user_is_gone_with_their_address(server: Server) -> None:
    path = f"/v1/users/{_create(server)['userID']}"
    assert server.delete(path, {}).status == 200
    assert server.get(path).status == 404
    assert server.delete(path, {}).validation == {"userID": "does not exist"}
    assert _create(server)["userID"] != path


def test_deleting_needs_a_body(server: Server) -> None:
    answer = server.delete(f"/v1/users/{_create(server)['userID']}")
    assert (answer.status, answer.error) == (400, "invalid_json")


@pytest.mark.parametrize("confirmed", [True, False])
def test_only_a_confirmed_user_exists(server: Server, emulator: Emulator, confirmed: bool) -> None:
    emulator.control.add_user(EMAIL, confirmed=confirmed)
    question = {"loginIdentifier": EMAIL.title(), "loginIdentifierType": "email"}
    assert server.put("/v1/users/exists", question).body["exists"] is confirmed


def test_asking_without_a_user_names_both_fields(server: Server) -> None:
    answer = server.put("/v1/users/exists", {"loginIdentifier": "", "loginIdentifierType": ""})
    assert set(answer.validation.values()) == {"cannot be blank"}
    assert len(answer.validation) == 2


def test_a_second_address_comes_and_goes(server: Server) -> None:
    path = f"/v1/users/{_create(server)['userID']}"
    email_id = server.post(f"{path}/emails", {"email": "b@example.com"}).data["emailID"]
    assert server.get(f"{path}/emails/{email_id}").data["email"]["email"] == "b@example.com"
    assert server.delete(f"{path}/emails/{email_id}", {}).status == 200
    assert server.get(f"{path}/emails/{email_id}").status == 404
    assert len(server.get(path).data["emails"]) == 1


@pytest.mark.parametrize(
    ("user_id", "email", "status"),
    [("usr-1", EMAIL, 404), (None, "ada", 400), (None, "", 400)],
    ids=["nobody", "no-address", "blank"],
)
def test_a_wrong_second_address_is_refused(
    server: Server, user_id: str | None, email: str, status: int
) -> None:
    user_id = user_id or _create(server, "b@example.com")["userID"]
    assert server.post(f"/v1/users/{user_id}/emails", {"email": email}).status == status


def test_an_address_has_one_user(server: Server) -> None:
    _create(server)
    other = _create(server, "b@example.com")["userID"]
    answer = server.post(f"/v1/users/{other}/emails", {"email": EMAIL})
    assert answer.error == "already_exists"


def test_an_address_is_read_under_its_own_user_only(server: Server) -> None:
    email_id = _create(server)["emailID"]
    other = _create(server, "b@example.com")["userID"]
    assert server.get(f"/v1/users/{other}/emails/{email_id}").status == 404
    answer = server.delete(f"/v1/users/{other}/emails/{email_id}", {})
    assert answer.validation == {"emailID": "does not exist"}


class TestList:
    @pytest.fixture(autouse=True)
    def _people(self, server: Server, emulator: Emulator) -> None:
        for letter in "cab":
            _create(server, f"{letter}@example.com")
            emulator.control.advance(60)

    def names(self, server: Server, query: str) -> list[str]:
        users = server.get(f"/v1/users?{query}").data["users"]
        return [user["name"][0] for user in users]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", "cab"),
            ("sort=name:asc", "abc"),
            ("sort=created%3Adesc", "bac"),
            ("pageSize=2", "ca"),
            ("pageSize=2&page=2", "b"),
            ("pageSize=2&page=3", ""),
            ("filter%5B%5D=name:eq:a@example.com", "a"),
            ("filter[]=created:gt:2021-07-20T00:00:00&sort=name:asc", "abc"),
            ("filter[]=created:lt:2021-07-20T00:00:00", ""),
            ("filter[]=name:gt:a@example.com&filter[]=status:eq:active", "cb"),
        ],
    )
    def test_it_is_sorted_paged_and_filtered(
        self, server: Server, query: str, expected: str
    ) -> None:
        assert self.names(server, query) == list(expected)

    def test_paging_counts_all(self, server: Server) -> None:
        paging = server.get("/v1/users?pageSize=2&page=2").data["paging"]
        assert paging == {"page": 2, "totalPages": 2, "totalItems": 3}

    @pytest.mark.parametrize(
        ("query", "field", "message"),
        [
            ("sort=created:bar", "sort", "Invalid order direction 'bar'"),
            ("sort=shoe:asc", "sort", "Invalid field 'shoe'"),
            ("filter[]=name:like:a", "filter", "Invalid operator 'like'"),
            ("filter[]=created:gt:soon", "filter", "Invalid time 'soon'"),
            ("page=0", "page", "must be a positive whole number"),
            ("pageSize=many", "pageSize", "must be a positive whole number"),
            ("page=99999999999999999999", "page", "must be a positive whole number"),
        ],
    )
    def test_technical_values_are_422(
        self, server: Server, query: str, field: str, message: str
    ) -> None:
        answer = server.get(f"/v1/users?{query}")
        assert (answer.status, answer.validation) == (422, {field: message})
