"""ConnectService: the wire samples go in, values or errors of ours come out."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import responses
from responses import matchers

from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.exceptions import CorbadoRejected, CorbadoUnavailable, InvalidPasskeyData
from tests.wire import NAMES, sample

BACKEND = "https://backendapi.corbado.io"
HANDLE = "4f1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e"
USER = "usr-4711000000000000001"

# Sample -> what is called, and what comes out.
CALLS: dict[str, tuple[Any, Any]] = {
    "connect_token_append": (
        lambda service: service.create_connect_token(
            "passkey-append", HANDLE, display_name="ada@example.com", lifetime=300
        ),
        "ctk1_abcdefghijklmnopqrstuvwxyz0123",
    ),
    "connect_token_list": (
        lambda service: service.create_connect_token("passkey-list", HANDLE, lifetime=300),
        "ctk1_abcdefghijklmnopqrstuvwxyz0124",
    ),
    "connect_identifiers": (lambda service: service.find_user(HANDLE), USER),
    "connect_user_delete": (lambda service: service.delete_user(USER), True),
}
VERIFY = {name for name in NAMES if name.startswith("connect_verify_")}


@pytest.fixture(autouse=True)
def _real_host(settings: Any) -> None:
    settings.CORBADO_BACKEND_API_URL = BACKEND


def test_every_sample_is_used() -> None:
    assert {name for name in NAMES if name.startswith("connect_")} == VERIFY | CALLS.keys()


def answer_with(name: str) -> None:
    """Answer the request of a sample, and no other, with its answer."""
    wire = sample(name)
    body = [matchers.json_params_matcher(wire.request)] if wire.request is not None else []
    responses.add(
        wire.method, BACKEND + wire.path, json=wire.answer, status=wire.status, match=body
    )


@responses.activate
@pytest.mark.parametrize("name", CALLS)
def test_an_answer_becomes_a_value(name: str) -> None:
    call, value = CALLS[name]
    answer_with(name)
    assert call(ConnectService()) == value


@responses.activate
@pytest.mark.parametrize("name", sorted(VERIFY))
def test_only_success_is_a_yes(name: str) -> None:
    answer_with(name)
    data = sample(name).request["signedPasskeyData"]
    if name == "connect_verify_success":
        ConnectService().verify_signed_data(data, HANDLE)
        return
    with pytest.raises(InvalidPasskeyData) as raised:
        ConnectService().verify_signed_data(data, HANDLE)
    assert data not in str(raised.value)


@responses.activate
@pytest.mark.parametrize(
    "answer",
    [{}, {"verificationResult": None}, {"verificationResult": True}, ["success"], "success"],
    ids=str,
)
def test_what_is_no_verdict_is_no_answer(answer: Any) -> None:
    responses.add("POST", f"{BACKEND}/v2/passkey/verifySignedData", json=answer)
    with pytest.raises(CorbadoUnavailable):
        ConnectService().verify_signed_data("a.b.c", HANDLE)


@responses.activate
@pytest.mark.parametrize("secret", [None, "", 7, "x" * 257, "ctk1_\u00e9", "ctk1_\n"], ids=repr)
def test_what_is_no_token_is_no_answer(secret: Any) -> None:
    responses.add("POST", f"{BACKEND}/v2/connectTokens", json={"secret": secret})
    with pytest.raises(CorbadoUnavailable):
        ConnectService().create_connect_token("passkey-list", HANDLE, lifetime=300)


@responses.activate
def test_another_identifier_is_not_taken_for_ours() -> None:
    """If Corbado ignores the filter, no other user is deleted."""
    wire = sample("connect_identifiers")
    rows = [{**wire.answer["identifiers"][0], "value": "another"}]
    responses.add("GET", BACKEND + wire.path, json={**wire.answer, "identifiers": rows})
    assert ConnectService().find_user(HANDLE) == ""


@responses.activate
def test_a_user_whom_corbado_does_not_know_is_gone() -> None:
    unknown = sample("users_delete_unknown").answer
    not_found = {**unknown, "httpStatusCode": 404, "error": {"type": "not_found", "links": []}}
    responses.add("DELETE", f"{BACKEND}/v2/users/{USER}", json=not_found, status=404)
    assert ConnectService().delete_user(USER) is False


@responses.activate
@pytest.mark.parametrize("key", ["", "a-key"])
def test_a_key_goes_in_place_of_project_and_secret(settings: Any, key: str) -> None:
    settings.CORBADO_CONNECT_PROJECT_ID = "pro-2"
    settings.CORBADO_CONNECT_API_SECRET = "corbado1_two"
    settings.CORBADO_BACKEND_API_KEY = key
    answer_with("connect_token_list")
    ConnectService().create_connect_token("passkey-list", HANDLE, lifetime=300)
    headers = responses.calls[0].request.headers
    basic = base64.b64encode(b"pro-2:corbado1_two").decode()
    sent = headers["Authorization"]
    sent = sent.decode() if isinstance(sent, bytes) else sent
    assert sent == (f"Bearer {key}" if key else f"Basic {basic}")
    assert headers["X-Corbado-ProjectID"] == "pro-2"


@responses.activate
def test_a_key_without_the_right_is_for_the_operator() -> None:
    answer = json.dumps(sample("project_config_wrong_secret").answer)
    responses.add("POST", f"{BACKEND}/v2/passkey/verifySignedData", body=answer, status=403)
    with pytest.raises(CorbadoRejected):
        ConnectService().try_credentials()
