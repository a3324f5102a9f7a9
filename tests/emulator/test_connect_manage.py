"""The list of passkeys: an empty or wrong one makes browsers delete passkeys."""

from __future__ import annotations

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import ConnectBrowser, Server
from tests.support.authenticator import decode

ADA, GRACE = "4f1c", "9b2e"
CHROME = "Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36"


@pytest.fixture
def ada(connect: ConnectBrowser, server: Server) -> str:
    connect.http.headers["User-Agent"] = CHROME
    connect.append(server.connect_token("append", ADA))
    return ADA


def test_a_passkey_is_described(ada: str, connect: ConnectBrowser, server: Server) -> None:
    answer = connect.list_passkeys(server.connect_token("list", ada)).bare
    assert answer["rpID"] == "localhost"
    assert answer["userID"] == connect.authenticator.passkeys[0].user_handle
    (row,) = answer["passkeys"]
    assert row["id"].startswith("cre-")
    assert decode(row["credentialID"]) == connect.authenticator.passkeys[0].id
    assert (row["sourceOS"], row["sourceBrowser"]) == ("Linux", "Chrome")
    assert (row["transport"], row["tags"], row["status"]) == (["internal"], [], "active")


@pytest.mark.security
def test_a_user_who_is_not_known_is_an_error_and_never_an_empty_list(
    connect: ConnectBrowser, server: Server
) -> None:
    answer = connect.list_passkeys(server.connect_token("list", "nobody"))
    assert (answer.status, answer.error) == (404, "not_found")
    answer = connect.delete_passkey(server.connect_token("delete", "nobody"), "cre-1")
    assert (answer.status, answer.error) == (404, "not_found")


@pytest.mark.security
def test_an_emulator_that_forgot_does_not_name_the_old_handle(
    ada: str, connect: ConnectBrowser, server: Server, emulator: Emulator
) -> None:
    before = connect.list_passkeys(server.connect_token("list", ada)).bare["userID"]
    emulator.control.reset()
    assert connect.list_passkeys(server.connect_token("list", ada)).status == 404
    connect.start_append(server.connect_token("append", ada))
    after = connect.list_passkeys(server.connect_token("list", ada)).bare
    assert (after["passkeys"], after["userID"] == before) == ([], False)


def test_a_passkey_is_deleted_and_the_old_list_token_shows_it(
    ada: str, connect: ConnectBrowser, server: Server
) -> None:
    token = server.connect_token("list", ada)
    (row,) = connect.list_passkeys(token).bare["passkeys"]
    delete = server.connect_token("delete", ada)
    assert connect.delete_passkey(delete, row["id"]).bare == {"credentialID": row["id"]}
    assert connect.list_passkeys(token).bare["passkeys"] == []
    assert list(connect.delete_passkey(delete, row["id"]).validation) == ["connectToken"]


@pytest.mark.security
def test_anothers_passkey_is_not_deleted(ada: str, connect: ConnectBrowser, server: Server) -> None:
    connect.start_append(server.connect_token("append", GRACE))
    (row,) = connect.list_passkeys(server.connect_token("list", ada)).bare["passkeys"]
    answer = connect.delete_passkey(server.connect_token("delete", GRACE), row["id"])
    assert list(answer.validation) == ["credentialID"]
    assert connect.list_passkeys(server.connect_token("list", ada)).bare["passkeys"] == [row]


def test_a_webauthn_id_is_no_credential_id(
    ada: str, connect: ConnectBrowser, server: Server
) -> None:
    (row,) = connect.list_passkeys(server.connect_token("list", ada)).bare["passkeys"]
    answer = connect.delete_passkey(server.connect_token("delete", ada), row["credentialID"])
    assert list(answer.validation) == ["credentialID"]
