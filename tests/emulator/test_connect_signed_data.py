"""``signedPasskeyData``: its claims, and the verdict of the verification."""

from __future__ import annotations

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from corbado_auth.emulator import Emulator, EmulatorConfig
from corbado_auth.emulator.connect import signed_data
from tests.emulator.clients import ConnectBrowser, Judge, Server, claims_of
from tests.emulator.conftest import OTHER_PROJECT
from tests.support.authenticator import decode, encode

ADA, GRACE = "4f1c", "9b2e"
VERIFY = "/v2/passkey/verifySignedData"


@pytest.fixture
def signed(emulator: Emulator) -> str:
    return emulator.issue_signed_passkey_data(ADA)


def test_it_claims_who_and_nothing_secret(
    connect: ConnectBrowser, server: Server, emulator: Emulator
) -> None:
    connect.append(server.connect_token("append", ADA))
    connect.http.headers["X-Corbado-Process-Id"] = "prc-0123456789abcdef"
    token = connect.log_in_as(ADA).bare["signedPasskeyData"]
    header = json.loads(decode(token.split(".")[0]))
    assert (header["alg"], header["typ"], header["kid"][:4]) == ("RS256", "JWT", "pki-")
    claims = claims_of(token)
    (user,) = emulator.control.project.store.connect_users.all()
    (passkey,) = emulator.control.project.store.connect_passkeys.all()
    assert (claims["iss"], claims["sub"]) == ("pro-1", user.id)
    assert (claims["webauthnId"], claims["username"]) == (ADA, "")
    assert (claims["credential"], claims["processId"]) == (passkey.id, "prc-0123456789abcdef")
    assert (claims["exp"] - claims["iat"], claims["iat"] - claims["nbf"]) == (300, 10)
    assert len(claims["jti"]) == 30
    assert claims["challengeId"].startswith("was-")
    assert claims["isCUI"] is False
    assert not {"aud", "nonce", "email"} & set(claims)


def test_a_fresh_one_is_a_success_once(signed: str, server: Server) -> None:
    assert [server.verify(signed, ADA) for _ in range(2)] == ["success", "invalid_challenge"]


@pytest.mark.security
def test_of_many_at_once_one_succeeds(signed: str, emulator: Emulator) -> None:
    project = emulator.control.project
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: signed_data.verify(project, signed, ADA), range(32)))
    assert (results.count("success"), results.count("invalid_challenge")) == (1, 31)


@pytest.mark.security
def test_anothers_name_is_a_mismatch_and_burns_it(signed: str, server: Server) -> None:
    results = [server.verify(signed, name) for name in (GRACE, ADA)]
    assert results == ["user_mismatch", "invalid_challenge"]


@pytest.mark.security
def test_an_old_one_is_refused(signed: str, server: Server, emulator: Emulator) -> None:
    emulator.control.advance(300)
    assert server.verify(signed, ADA) == "invalid_challenge"


def _hmac(data: bytes) -> bytes:
    return hmac.new(b"secret", data, hashlib.sha256).digest()


def _other_key(data: bytes) -> bytes:
    return rsa.generate_private_key(65537, 2048).sign(data, padding.PKCS1v15(), SHA256())


@pytest.mark.security
@pytest.mark.parametrize("attack", ["none", "hmac", "claims", "key", "cut", "text", "empty parts"])
def test_a_forged_one_is_refused(
    signed: str, server: Server, emulator: Emulator, attack: str
) -> None:
    header, payload, signature = signed.split(".")
    other = encode(json.dumps({**claims_of(signed), "webauthnId": GRACE}).encode())
    unsigned, symmetric = (
        encode(json.dumps({**json.loads(decode(header)), "alg": name}).encode())
        for name in ("none", "HS256")
    )
    forged = {
        "none": f"{unsigned}.{payload}.",
        "hmac": f"{symmetric}.{payload}.{encode(_hmac(f'{symmetric}.{payload}'.encode()))}",
        "claims": f"{header}.{other}.{signature}",
        "key": f"{header}.{payload}.{encode(_other_key(f'{header}.{payload}'.encode()))}",
        "cut": f"{header}.{payload}.{signature[:-10]}",
        "text": "hello",
        "empty parts": "..",
    }[attack]
    assert server.verify(forged, GRACE if attack == "claims" else ADA) == "invalid_signature"
    assert server.verify(signed, ADA) == "success"


@pytest.mark.security
def test_one_of_another_project_is_refused(emulator: Emulator, server: Server, signed: str) -> None:
    server.http.auth = OTHER_PROJECT
    assert server.verify(signed, ADA) == "invalid_signature"


@pytest.mark.security
def test_a_user_who_is_gone_is_refused(signed: str, server: Server) -> None:
    (user,) = server.get("/v2/users").bare["users"]
    server.patch(f"/v2/users/{user['userID']}", {"status": "disabled"})
    assert server.verify(signed, ADA) == "generic_error"


@pytest.mark.security
def test_a_deleted_user_leaves_nothing_good(signed: str, server: Server) -> None:
    (user,) = server.get("/v2/users").bare["users"]
    server.delete(f"/v2/users/{user['userID']}")
    assert server.verify(signed, ADA) == "invalid_challenge"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": ADA}, "signedPasskeyData"),
        ({"signedPasskeyData": "x"}, "username"),
        ({"signedPasskeyData": 1, "username": ADA}, "signedPasskeyData"),
        ({"signedPasskeyData": "x", "username": ""}, "username"),
    ],
)
def test_a_wrong_request_names_its_field(server: Server, body: Any, field: str) -> None:
    answer = server.post(VERIFY, body)
    assert (answer.status, list(answer.validation)) == (400, [field])


def test_the_path_of_the_prose_is_not_there(server: Server, signed: str) -> None:
    body = {"signedPasskeyData": signed, "username": ADA}
    answer = server.post("/v2/passkeys/verifySignedData", body)
    assert (answer.status, answer.error) == (404, "not_found")
    assert server.verify(signed, ADA) == "success"


def test_claims_can_be_replaced_to_try_a_site(emulator: Emulator, server: Server) -> None:
    assert server.verify(emulator.issue_signed_passkey_data(ADA, exp=0), ADA) == "invalid_challenge"
    foreign = emulator.issue_signed_passkey_data(ADA, iss="pro-2")
    assert claims_of(foreign)["iss"] == "pro-2"
    assert server.verify(foreign, ADA) == "invalid_signature"


def test_a_restart_remembers_key_tokens_and_passkeys(tmp_path: Path, judge: Judge) -> None:
    config = EmulatorConfig(port=0, state=tmp_path / "state")
    with Emulator(config) as first:
        browser, server = ConnectBrowser(first, judge), Server(first, judge)
        browser.append(server.connect_token("append", ADA))
        signed = first.issue_signed_passkey_data(ADA)
        spent = first.issue_signed_passkey_data(ADA)
        assert server.verify(spent, ADA) == "success"
        list_token = server.connect_token("list", ADA)
        for client in (browser, server):
            client.http.close()
    with Emulator(config) as second:
        authenticator = browser.authenticator
        browser, server = ConnectBrowser(second, judge), Server(second, judge)
        browser.authenticator = authenticator
        assert server.verify(signed, ADA) == "success"
        assert server.verify(spent, ADA) == "invalid_challenge"
        assert len(browser.list_passkeys(list_token).bare["passkeys"]) == 1
        assert browser.autofill().status == 200
        for client in (browser, server):
            client.http.close()
