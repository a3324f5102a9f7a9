"""Connect tokens: what a site's server may ask for, and how often each kind is good."""

from __future__ import annotations

from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from corbado_auth.emulator.connect import tokens
from tests.emulator.clients import ConnectBrowser, Server

ADA = "4f1c"
PATH = "/v2/connectTokens"


def test_an_append_token_names_its_person(server: Server, emulator: Emulator) -> None:
    data = {"identifier": ADA, "displayName": "Ada"}
    made = server.post(PATH, {"type": "passkey-append", "data": data}).bare
    assert made["id"].startswith("ctk-")
    assert (made["tokenType"], made["data"]) == ("passkey-append", data)
    assert made["connectTokenStatus"] == "initial"
    assert made["secret"].startswith("ctk1_")
    assert len(made["secret"]) == 35
    assert made["expires"] == int(emulator.control.project.store.connect_tokens.all()[0].expires)


@pytest.mark.parametrize("kind", ["list", "delete", "login"])
def test_other_tokens_need_no_display_name(server: Server, kind: str) -> None:
    data = {"identifier": ADA}
    made = server.post(PATH, {"type": f"passkey-{kind}", "data": data}).bare
    assert (made["tokenType"], made["data"]) == (f"passkey-{kind}", data)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"data": {"identifier": ADA}}, "type"),
        ({"type": "passkey-add", "data": {"identifier": ADA}}, "type"),
        ({"type": "passkey-list"}, "data"),
        ({"type": "passkey-list", "data": "ada"}, "data"),
        ({"type": "passkey-list", "data": {}}, "data.identifier"),
        ({"type": "passkey-list", "data": {"identifier": 1}}, "data.identifier"),
        ({"type": "passkey-append", "data": {"identifier": ADA}}, "data.displayName"),
        (
            {"type": "passkey-list", "data": {"identifier": ADA}, "maxLifetimeInSeconds": 0},
            "maxLifetimeInSeconds",
        ),
        (
            {"type": "passkey-list", "data": {"identifier": ADA}, "maxLifetimeInSeconds": "1"},
            "maxLifetimeInSeconds",
        ),
    ],
)
def test_a_wrong_request_names_its_field(
    server: Server, emulator: Emulator, body: Any, field: str
) -> None:
    answer = server.post(PATH, body)
    assert (answer.status, answer.error) == (400, "validation_error")
    assert field in answer.validation
    assert len(emulator.control.project.store.connect_tokens) == 0


def test_tokens_are_listed_without_their_secret(server: Server) -> None:
    server.connect_token("list", ADA)
    server.connect_token("append", ADA)
    answer = server.get(PATH, params={"filter[]": "tokenType:eq:passkey-append"}).bare
    (row,) = answer["connectTokens"]
    assert (row["tokenType"], "secret" in row) == ("passkey-append", False)
    assert answer["paging"]["totalItems"] == 1


def test_a_token_can_be_withdrawn(server: Server, connect: ConnectBrowser) -> None:
    connect.append(server.connect_token("append", ADA))
    secret = server.connect_token("list", ADA)
    token_id = server.get(PATH, params={"filter[]": f"token:eq:{secret}"}).bare["connectTokens"][0][
        "id"
    ]
    assert server.patch(f"{PATH}/{token_id}", {"status": "consumed"}).status == 200
    assert connect.list_passkeys(secret).status == 400
    assert server.patch(f"{PATH}/{token_id}", {"status": "initial"}).status == 200
    assert connect.list_passkeys(secret).status == 200
    assert server.delete(f"{PATH}/{token_id}").status == 200
    assert connect.list_passkeys(secret).status == 400


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_an_unknown_token_is_not_found(server: Server, method: str) -> None:
    answer = getattr(server, method)(f"{PATH}/ctk-1", {"status": "consumed"})
    assert (answer.status, answer.error) == (404, "not_found")


def test_a_status_that_there_is_not_is_refused(server: Server) -> None:
    server.connect_token("list", ADA)
    (row,) = server.get(PATH).bare["connectTokens"]
    assert "status" in server.patch(f"{PATH}/{row['id']}", {"status": "expired"}).validation


def test_a_list_token_is_good_until_it_expires(
    server: Server, connect: ConnectBrowser, emulator: Emulator
) -> None:
    connect.append(server.connect_token("append", ADA))
    token = server.connect_token("list", ADA, maxLifetimeInSeconds=60)
    assert [connect.list_passkeys(token).status for _ in range(3)] == [200, 200, 200]
    emulator.control.advance(61)
    assert list(connect.list_passkeys(token).validation) == ["connectToken"]


def test_an_append_token_is_good_once(server: Server, connect: ConnectBrowser) -> None:
    token = server.connect_token("append", ADA)
    connect.start_append(token)
    assert list(connect.start_append(token).validation) == ["appendTokenValue"]


def test_old_tokens_are_forgotten(emulator: Emulator) -> None:
    project = emulator.control.project
    for _ in range(tokens.KEPT):
        tokens.issue(project, tokens.LIST, ADA, lifetime=1)
    emulator.control.advance(2)
    latest = tokens.issue(project, tokens.LIST, ADA)
    assert project.store.connect_tokens.all() == [latest]


@pytest.mark.security
def test_a_token_is_good_for_its_own_operation_only(
    server: Server, connect: ConnectBrowser
) -> None:
    connect.append(server.connect_token("append", ADA))
    (row,) = connect.list_passkeys(server.connect_token("list", ADA)).bare["passkeys"]
    assert connect.list_passkeys(server.connect_token("append", ADA)).status == 400
    assert connect.start_append(server.connect_token("list", ADA)).status == 400
    assert connect.delete_passkey(server.connect_token("list", ADA), row["id"]).status == 400


@pytest.mark.security
def test_a_token_of_another_project_is_unknown(server: Server, connect: ConnectBrowser) -> None:
    connect.append(server.connect_token("append", ADA))
    token = server.connect_token("list", ADA)
    connect.http.headers["X-Corbado-ProjectID"] = "pro-2"
    assert connect.list_passkeys(token).status in {400, 403}


@pytest.mark.security
def test_secrets_are_not_in_the_request_log(
    server: Server, connect: ConnectBrowser, emulator: Emulator
) -> None:
    secrets = [server.connect_token(kind, ADA) for kind in ("append", "list", "delete", "login")]
    connect.append(secrets[0])
    (row,) = connect.list_passkeys(secrets[1]).bare["passkeys"]
    signed = connect.log_in_as("", loginConnectToken=secrets[3]).bare["signedPasskeyData"]
    server.verify(signed, ADA)
    connect.delete_passkey(secrets[2], row["id"])
    log = repr([entry.public() for entry in emulator.control.log.all()])
    assert not [secret for secret in [*secrets, signed] if secret in log]
