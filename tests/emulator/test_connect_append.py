"""Adding a passkey with Connect: whose it becomes, retries, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import ConnectBrowser, Server
from tests.emulator.conftest import NewEmulator
from tests.support.authenticator import PRESENT, decode

ADA, GRACE = "4f1c", "9b2e"
URL_ALPHABET = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def _options(connect: ConnectBrowser, server: Server, who: str = ADA, **more: Any) -> Any:
    text = connect.start_append(server.connect_token("append", who), **more).bare
    return json.loads(text["attestationOptions"])["publicKey"]


def test_a_passkey_is_made_and_described(server: Server, connect: ConnectBrowser) -> None:
    answer = connect.append(server.connect_token("append", ADA)).bare
    operation = answer["passkeyOperation"]
    assert operation["operationType"] == "append"
    assert operation["ceremonyType"] == "local"
    assert operation["identifierValue"] == f"{ADA} of the tests"
    (row,) = connect.list_passkeys(server.connect_token("list", ADA)).bare["passkeys"]
    assert decode(row["credentialID"]) == connect.authenticator.passkeys[0].id


@pytest.mark.parametrize(
    ("attachment", "transports", "kind"),
    [
        ("platform", ["internal"], "local"),
        ("cross-platform", ["hybrid", "internal"], "cda"),
        ("cross-platform", ["usb"], "security-key"),
        ("cross-platform", None, "cda"),
    ],
)
def test_where_a_passkey_was_made_is_told(
    server: Server, connect: ConnectBrowser, attachment: str, transports: Any, kind: str
) -> None:
    options = connect.start_append(server.connect_token("append", ADA)).bare
    made = json.loads(connect.authenticator.create(options["attestationOptions"]))
    made["authenticatorAttachment"] = attachment
    made["response"]["transports"] = transports
    answer = connect.finish_append(json.dumps(made)).bare
    assert answer["passkeyOperation"]["ceremonyType"] == kind


def test_options_are_unpadded_base64url(server: Server, connect: ConnectBrowser) -> None:
    connect.append(server.connect_token("append", ADA))
    options = _options(connect, server, forcePasskeyAppend=True)
    values = [options["challenge"], options["user"]["id"], options["excludeCredentials"][0]["id"]]
    assert all(value and set(value) <= URL_ALPHABET for value in values)


def test_a_user_handle_is_random_and_stays(
    server: Server, connect: ConnectBrowser, new_emulator: NewEmulator
) -> None:
    handles = {_options(connect, server)["user"]["id"] for _ in range(2)}
    assert len(handles) == 1
    assert ADA.encode() not in decode(handles.pop())
    assert len({_options(connect, server, who)["user"]["id"] for who in (ADA, GRACE)}) == 2


def test_another_emulator_gives_another_handle(
    server: Server, connect: ConnectBrowser, emulator: Emulator
) -> None:
    before = _options(connect, server)["user"]["id"]
    emulator.control.reset()
    assert _options(connect, server)["user"]["id"] != before


def test_a_cancelled_attempt_leaves_the_options_good(
    server: Server, connect: ConnectBrowser
) -> None:
    options = connect.start_append(server.connect_token("append", ADA)).bare["attestationOptions"]
    assert connect.finish_append(connect.authenticator.create(options, flags=PRESENT)).status == 400
    connect.authenticator.passkeys.clear()
    assert connect.finish_append(connect.authenticator.create(options)).status == 200


def test_success_burns_the_challenge(server: Server, connect: ConnectBrowser) -> None:
    options = connect.start_append(server.connect_token("append", ADA)).bare["attestationOptions"]
    assert connect.finish_append(connect.authenticator.create(options)).status == 200
    again = connect.finish_append(connect.authenticator.create(options))
    assert list(again.validation) == ["attestationResponse"]


def test_a_passkey_here_is_not_offered_again(server: Server, connect: ConnectBrowser) -> None:
    connect.append(server.connect_token("append", ADA))
    answer = connect.start_append(server.connect_token("append", ADA)).bare
    assert answer["attestationOptions"] == ""
    connect.http.headers["User-Agent"] = "Another device"
    answer = connect.start_append(server.connect_token("append", ADA)).bare
    assert answer["attestationOptions"]


def test_the_list_may_ask_for_another_all_the_same(server: Server, connect: ConnectBrowser) -> None:
    connect.append(server.connect_token("append", ADA))
    options = _options(connect, server, forcePasskeyAppend=True)
    assert decode(options["excludeCredentials"][0]["id"]) == connect.authenticator.passkeys[0].id


@pytest.mark.security
@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "http://evil.example"},
        {"rp_id": "evil.example"},
        {"type": "webauthn.get"},
        {"challenge": "AAAA"},
        {"flags": PRESENT},
        {"cross_origin": True},
        {"algorithm": -8},
    ],
    ids=lambda lies: next(iter(lies)),
)
def test_a_dishonest_attestation_is_refused(
    server: Server, connect: ConnectBrowser, emulator: Emulator, lies: Any
) -> None:
    options = connect.start_append(server.connect_token("append", ADA)).bare["attestationOptions"]
    answer = connect.finish_append(connect.authenticator.create(options, **lies))
    assert list(answer.validation) == ["attestationResponse"]
    assert len(emulator.control.project.store.connect_passkeys) == 0


@pytest.mark.security
def test_a_credential_id_has_one_owner(server: Server, connect: ConnectBrowser) -> None:
    for who, status in ((ADA, 200), (GRACE, 400)):
        token = server.connect_token("append", who)
        options = connect.start_append(token).bare["attestationOptions"]
        made = connect.authenticator.create(options, credential_id=b"the same one")
        assert connect.finish_append(made).status == status


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"id": "x", "response": {}}', "1" * 5000])
def test_what_is_no_attestation_is_refused(connect: ConnectBrowser, text: str) -> None:
    assert list(connect.finish_append(text).validation) == ["attestationResponse"]


def test_an_old_challenge_is_refused(
    server: Server, connect: ConnectBrowser, emulator: Emulator
) -> None:
    options = connect.start_append(server.connect_token("append", ADA)).bare["attestationOptions"]
    emulator.control.advance(15 * 60)
    assert connect.finish_append(connect.authenticator.create(options)).status == 400


def test_a_deleted_user_gets_no_passkey(server: Server, connect: ConnectBrowser) -> None:
    options = connect.start_append(server.connect_token("append", ADA)).bare["attestationOptions"]
    (user,) = server.get("/v2/users").bare["users"]
    server.delete(f"/v2/users/{user['userID']}")
    assert connect.finish_append(connect.authenticator.create(options)).status == 400
    assert server.get("/v2/users").bare["users"] == []


def test_a_display_name_is_kept_up_to_date(server: Server, connect: ConnectBrowser) -> None:
    for name in ("Ada", "Ada King"):
        data = {"identifier": ADA, "displayName": name}
        made = server.post("/v2/connectTokens", {"type": "passkey-append", "data": data}).bare
        options = connect.start_append(made["secret"]).bare["attestationOptions"]
        assert json.loads(options)["publicKey"]["user"]["displayName"] == name
