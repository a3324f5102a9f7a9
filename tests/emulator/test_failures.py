"""Planned failures, as a client of Corbado's must survive them (API notes 7.7)."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from corbado_auth.emulator import Emulator
from tests.emulator.clients import SITE, Browser, Server

PATH = "/v1/projectConfig"


def _plan(emulator: Emulator, **failure: Any) -> requests.Response:
    body = {"path": PATH, **failure}
    return requests.post(f"{emulator.url}/_emulator/failures", json=body, timeout=10)


def test_a_status_without_a_body_has_none(server: Server, emulator: Emulator) -> None:
    _plan(emulator, status=204)
    response = server.http.get(emulator.url + PATH, timeout=10)
    assert (response.status_code, response.content) == (204, b"")
    assert server.get(PATH).status == 200


def test_a_planned_failure_takes_a_body_of_any_size(server: Server, emulator: Emulator) -> None:
    _plan(emulator, status=500)
    assert server.call("POST", PATH, data=b" " * 1_000_001).status == 500


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (599, "internal_error"),
        (401, "login_error"),
        (404, "not_found"),
        (429, "rate_limited"),
        (503, "internal_error"),
    ],
)
def test_a_status_comes_in_corbados_envelope(
    server: Server, emulator: Emulator, status: int, kind: str
) -> None:
    _plan(emulator, status=status)
    answer = server.get(PATH)
    assert (answer.status, answer.error) == (status, kind)


def test_it_happens_as_often_as_planned(server: Server, emulator: Emulator) -> None:
    _plan(emulator, status=500, times=2)
    assert [server.get(PATH).status for _ in range(3)] == [500, 500, 200]


def test_it_happens_until_it_is_removed(server: Server, emulator: Emulator) -> None:
    planned = _plan(emulator, status=500, times=0).json()
    assert [server.get(PATH).status for _ in range(3)] == [500] * 3
    requests.delete(
        f"{emulator.url}/_emulator/failures", json={"ID": planned["ID"]}, timeout=10
    ).raise_for_status()
    assert server.get(PATH).status == 200


def test_the_oldest_plan_comes_first(server: Server, emulator: Emulator) -> None:
    _plan(emulator, status=500)
    _plan(emulator, status=502)
    assert [server.get(PATH).status for _ in range(3)] == [500, 502, 200]


def test_method_and_path_must_fit(server: Server, emulator: Emulator) -> None:
    _plan(emulator, method="post", status=500)
    _plan(emulator, path="/v1/users/*", status=502)
    assert (server.get(PATH).status, server.get("/v1/users").status) == (200, 200)
    assert (server.post(PATH, {}).status, server.get("/v1/users/usr-1").status) == (500, 502)


def test_a_wait_can_be_named(server: Server, emulator: Emulator) -> None:
    _plan(emulator, status=429, retryAfter="7")
    assert server.get(PATH).headers["Retry-After"] == "7"


def test_a_delay_comes_before_the_true_answer(server: Server, emulator: Emulator) -> None:
    _plan(emulator, delay=0.2)
    before = time.monotonic()
    assert server.get(PATH).status == 200
    assert time.monotonic() - before >= 0.2


def test_a_delay_ends_with_a_reset(server: Server, emulator: Emulator) -> None:
    _plan(emulator, delay=600)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(server.get, PATH)
        while emulator.control.failures.all():
            time.sleep(0.01)
        emulator.control.reset()
        assert waiting.result(timeout=10).status == 200
    assert emulator.control.log.all() == []


def test_a_dropped_call_is_reset_and_changes_nothing(server: Server, emulator: Emulator) -> None:
    _plan(emulator, path="/v1/users", drop=True)
    with pytest.raises(requests.ConnectionError) as caught:
        server.post("/v1/users", {"name": "ada"})
    assert "ConnectionResetError" in repr(caught.value)
    assert len(emulator.control.project.store.users) == 0


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("truncated", requests.exceptions.ChunkedEncodingError),
        ("garbage", requests.exceptions.JSONDecodeError),
        ("empty", requests.exceptions.JSONDecodeError),
    ],
)
def test_a_body_can_be_spoiled(
    server: Server, emulator: Emulator, body: str, error: type[Exception]
) -> None:
    _plan(emulator, body=body)
    with pytest.raises(error):
        server.get(PATH)
    assert server.get(PATH).status == 200


def test_the_component_can_read_a_planned_failure(browser: Browser, emulator: Emulator) -> None:
    _plan(emulator, path="/v1/users/authmethods", status=429)
    answer = browser.post("/v1/users/authmethods", {"username": "a@example.com"})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (429, SITE)


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        ({}, "Say how"),
        ({"status": 99}, "status"),
        ({"status": "500"}, "status"),
        ({"status": True}, "status"),
        ({"delay": -1}, "delay"),
        ({"delay": 601}, "delay"),
        ({"body": "odd"}, "body"),
        ({"status": 500, "times": -1}, "times"),
        ({"status": 500, "path": "v1"}, "path"),
        ({"status": 500, "retryAfter": "1\r\nX: y"}, "retryAfter"),
        ({"status": 500, "colour": "red"}, "colour"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_plan_without_sense_is_refused(emulator: Emulator, failure: Any, word: str) -> None:
    response = _plan(emulator, **failure)
    assert response.status_code == 400
    assert word in response.json()["error"]
    assert emulator.control.failures.all() == []


def test_connections_are_kept(emulator: Emulator) -> None:
    """A pooled client must find its connection again, as it does at Corbado."""
    host, port = emulator.url.removeprefix("http://").split(":")
    request = f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for _ in range(2):
            connection.sendall(request)
            head = connection.recv(65536)
            assert head.startswith(b"HTTP/1.1 401")
            assert b"Connection: close" not in head


@pytest.mark.parametrize(
    "head",
    ["Content-Length: many", "Transfer-Encoding: chunked\r\n\r\nzz"],
    ids=["length", "chunk"],
)
def test_a_body_that_cannot_be_read_ends_the_connection(emulator: Emulator, head: str) -> None:
    host, port = emulator.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")


def test_a_chunked_body_is_read(server: Server) -> None:
    answer = server.call("POST", PATH, data=iter([b'{"externalName":', b' "Pottery"}']))
    assert answer.status == 200
    assert server.get(PATH).data["externalName"] == "Pottery"
