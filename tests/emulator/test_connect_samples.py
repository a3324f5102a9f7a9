"""What ``@corbado/web-core`` 3.5.0 was recorded to send is understood, and answered alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import SITE, ConnectBrowser, Server
from tests.plugins.strict import OPENAPI_MISSING

pytestmark = pytest.mark.contract

ADA = "4f1c"
CALLS = [
    *(f"{what}/init" for what in ("login", "append", "manage")),
    *("append/start", "append/finish", "login/start", "login/finish"),
    *("manage/list", "manage/delete", "events"),
]
# What another server cannot know is replaced by what this one gave out.
Values = dict[str, str]


@pytest.fixture(scope="session")
def samples(openapi_folder: Path) -> Any:
    path = openapi_folder.parent / "connect" / "wire" / "web-core-3.5.0_samples.json"
    if not path.is_file():
        pytest.skip(f"{OPENAPI_MISSING} The recorded calls belong beside it.")
    return json.loads(path.read_text("utf-8"))


@pytest.fixture
def values(connect: ConnectBrowser, server: Server) -> Values:
    """Return tokens, answers of an authenticator and IDs that are good for one call each."""
    connect.append(server.connect_token("append", ADA))
    (row,) = connect.list_passkeys(server.connect_token("list", ADA)).bare["passkeys"]
    other = connect.start_append(server.connect_token("append", "9b2e")).bare
    login = connect.start(ADA).bare["assertionOptions"]
    assertion = connect.authenticator.get(login)
    return {
        "appendTokenValue": server.connect_token("append", "another user"),
        "attestationResponse": connect.authenticator.create(other["attestationOptions"]),
        "identifier": ADA,
        "assertionResponse": assertion,
        "connectToken": "",
        "credentialID": row["id"],
    }


def _type(value: Any) -> Any:
    """Return the shape of JSON: names and types, of a list the shape of its first item."""
    if isinstance(value, dict):
        return {name: _type(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_type(inner) for inner in value[:1]]
    return type(value).__name__


def _lacks(answer: Any, sample: Any, path: str = "$") -> list[str]:
    """Name what the sample has and the answer has not, or has in another type."""
    if isinstance(sample, dict) and isinstance(answer, dict):
        missing = [f"{path}.{name}" for name in sample if name not in answer]
        inner = [name for name in sample if name in answer]
        return missing + [
            each for name in inner for each in _lacks(answer[name], sample[name], f"{path}.{name}")
        ]
    if isinstance(sample, list) and isinstance(answer, list):
        return _lacks(answer[0], sample[0], f"{path}[0]") if sample and answer else []
    return [] if answer == sample else [f"{path}: {answer} instead of {sample}"]


@pytest.mark.parametrize("call", CALLS)
def test_a_recorded_call_is_answered_with_all_that_was_recorded(
    samples: Any,
    values: Values,
    connect: ConnectBrowser,
    server: Server,
    emulator: Emulator,
    call: str,
) -> None:
    sample = samples[f"/v2/connect/{call}"]
    body = {name: values.get(name, value) for name, value in sample["body"].items()}
    if "connectToken" in body:
        body["connectToken"] = server.connect_token(call.partition("/")[2], ADA)
    project = {"X-Corbado-ProjectID": emulator.config.project_id}
    answer = connect.post(
        sample["path"], body, headers={**sample["headers"], "origin": SITE, **project}
    )
    assert answer.status == sample["status"]
    # Which of a browser's two init answers has a new handle is up to the server.
    expected = _type(sample["answer"])
    if isinstance(expected, dict):
        expected.pop("newClientEnvHandle", None)
        if call.endswith("init"):
            expected["flags"] = {}
    assert _lacks(_type(answer.body), expected) == []


@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_recorded_error_has_the_form_of_ours(
    samples: Any, connect: ConnectBrowser, emulator: Emulator, status: int
) -> None:
    sample = samples[f"/v2/connect/login/start {status}"]
    values = {"status": status, "delay": 0.0, "drop": False, "body": ""}
    emulator.control.failures.add(path="/v2/connect/login/start", **values)
    answer = connect.start("nobody@example.com")
    assert answer.status == status
    assert answer.error == sample["answer"]["error"]["type"]
    expected = _type(sample["answer"])
    expected["error"].pop("validation", None)
    assert _lacks(_type(answer.body), expected) == []
