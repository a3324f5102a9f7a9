"""Connect users at the backend API v2, and who may call it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from corbado_auth.emulator import Emulator
from tests.emulator.clients import SITE, ConnectBrowser, Server

ADA = "4f1c"
USERS = "/v2/users"


def test_a_user_is_made_and_read(server: Server) -> None:
    body = {"status": "active", "fullName": "Ada", "explicitWebauthnID": ADA}
    made = server.post(USERS, body).bare
    assert made["userID"].startswith("usr-")
    assert {name: made[name] for name in body} == body
    assert server.get(f"{USERS}/{made['userID']}").bare == made


def test_a_user_made_beforehand_is_the_one_that_a_token_names(
    server: Server, connect: ConnectBrowser
) -> None:
    made = server.post(USERS, {"status": "active", "explicitWebauthnID": ADA}).bare
    connect.append(server.connect_token("append", ADA))
    credentials = server.get(f"{USERS}/{made['userID']}/credentials").bare
    assert (len(credentials["credentials"]), credentials["paging"]["totalItems"]) == (1, 1)


def test_a_taken_id_is_refused(server: Server) -> None:
    body = {"status": "active", "explicitWebauthnID": ADA}
    assert [server.post(USERS, body).status for _ in range(2)] == [200, 409]


def test_users_without_an_id_are_several(server: Server, connect: ConnectBrowser) -> None:
    assert [server.post(USERS, {"status": "active"}).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": "gone"}, "status"),
        ({"status": "active", "fullName": 1}, "fullName"),
    ],
)
def test_a_wrong_user_is_refused(server: Server, body: Any, field: str) -> None:
    assert list(server.post(USERS, body).validation) == [field]


def test_users_are_searched(server: Server, connect: ConnectBrowser) -> None:
    for name in ("ada@example.com", ADA):
        connect.start_append(server.connect_token("append", name))
    for search in (f"searchValue:eq:{ADA}", "searchValue:eq:EXAMPLE.com", "status:eq:disabled"):
        found = server.get(USERS, params={"filter[]": search}).bare["users"]
        assert len(found) == (0 if "disabled" in search else 1)
    (row,) = server.get(USERS, params={"filter[]": "searchValue:eq:example"}).bare["users"]
    assert row["emailIdentifiers"][0]["value"] == "ada@example.com"
    assert row["usernameIdentifiers"] == []


def test_identifiers_lead_to_their_user(server: Server, connect: ConnectBrowser) -> None:
    connect.append(server.connect_token("append", ADA))
    connect.start_append(server.connect_token("append", "9b2e"))
    filter_ = {"filter[]": f"identifierValue:eq:{ADA}"}
    (row,) = server.get("/v2/identifiers", params=filter_).bare["identifiers"]
    assert (row["type"], row["value"]) == ("username", ADA)
    assert len(server.get(f"{USERS}/{row['userID']}/credentials").bare["credentials"]) == 1


def test_a_user_is_changed(server: Server) -> None:
    made = server.post(USERS, {"status": "active", "fullName": "Ada"}).bare
    path = f"{USERS}/{made['userID']}"
    assert server.patch(path, {"status": "disabled"}).bare["fullName"] == "Ada"
    assert server.patch(path, {"fullName": ""}).bare["status"] == "disabled"
    assert server.get(path).bare["fullName"] == ""


def test_a_deleted_user_leaves_nothing(
    server: Server, connect: ConnectBrowser, emulator: Emulator
) -> None:
    connect.append(server.connect_token("append", ADA))
    connect.start(ADA)
    token = server.connect_token("list", ADA)
    (user,) = server.get(USERS).bare["users"]
    assert server.delete(f"{USERS}/{user['userID']}").status == 200
    assert connect.list_passkeys(token).status == 400
    store = emulator.control.project.store
    tables = (store.connect_users, store.connect_passkeys, store.connect_tokens, store.ceremonies)
    assert [len(table) for table in tables] == [0, 0, 0, 0]


def test_a_passkey_is_deleted_from_the_server(server: Server, connect: ConnectBrowser) -> None:
    connect.append(server.connect_token("append", ADA))
    (user,) = server.get(USERS).bare["users"]
    path = f"{USERS}/{user['userID']}/credentials"
    (row,) = server.get(path).bare["credentials"]
    assert server.delete(f"{USERS}/usr-1/credentials/{row['id']}").status == 404
    assert server.delete(f"{path}/{row['id']}").status == 200
    assert server.get(path).bare["credentials"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{USERS}/usr-1"),
        ("PATCH", f"{USERS}/usr-1"),
        ("DELETE", f"{USERS}/usr-1"),
        ("GET", f"{USERS}/usr-1/credentials"),
        ("DELETE", f"{USERS}/usr-1/credentials/cre-1"),
    ],
)
def test_an_unknown_user_is_not_found(server: Server, method: str, path: str) -> None:
    answer = server.call(method, path, {})
    assert (answer.status, answer.error) == (404, "not_found")


def test_v1_knows_nothing_of_connect_users(server: Server, connect: ConnectBrowser) -> None:
    connect.append(server.connect_token("append", ADA))
    assert server.get("/v1/users").data["users"] == []
    assert server.get("/v1/webauthn/credential").body["rows"] == []


class TestBearer:
    def _get(self, emulator: Emulator, path: str, key: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return requests.get(emulator.url + path, headers=headers, timeout=10)

    def test_a_backend_api_key_opens_v2(self, emulator: Emulator) -> None:
        key = emulator.config.backend_api_key
        assert self._get(emulator, USERS, key).status_code == 200

    @pytest.mark.security
    @pytest.mark.parametrize("key", ["", "wrong", "corbado1_emulator"])
    def test_another_key_does_not(self, emulator: Emulator, key: str) -> None:
        response = self._get(emulator, USERS, key)
        assert (response.status_code, response.json()["error"]["type"]) == (401, "login_error")

    @pytest.mark.security
    def test_v1_takes_no_bearer(self, emulator: Emulator) -> None:
        key = emulator.config.backend_api_key
        assert self._get(emulator, "/v1/users", key).status_code == 401


@pytest.mark.security
def test_the_backend_api_is_for_no_page(emulator: Emulator) -> None:
    headers = {"Origin": SITE}
    auth = (emulator.config.project_id, emulator.config.api_secret)
    response = requests.get(emulator.url + USERS, headers=headers, auth=auth, timeout=10)
    assert "Access-Control-Allow-Origin" not in response.headers
