"""What the sign-in view of Connect refuses without asking Corbado."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from corbado_auth.testing import Corbado
from tests.support.connect_login import LOGIN, asked, jwt, post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connect")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", "malformed"),
        (None, "malformed"),
        (["a.b.c"], "malformed"),
        ("no token", "malformed"),
        ("a.b", "malformed"),
        ("a.b.c", "malformed"),
        ("a.!!!.c", "malformed"),
        (jwt(), "malformed"),
        (jwt(iss="pro-1234567890", exp=9e9), "malformed"),
        (jwt(iss="pro-1234567890", webauthnId="x", exp="soon"), "malformed"),
        (jwt(iss="pro-1234567890", webauthnId="x", exp=True), "malformed"),
        (jwt(iss="pro-1234567890", webauthnId="", exp=9e9), "malformed"),
        (jwt(iss="pro-1234567890", webauthnId="a\x00b", exp=9e9), "malformed"),
        (jwt(iss="pro-1234567890", webauthnId="x" * 256, exp=9e9), "malformed"),
        (jwt(iss="pro-2", webauthnId="x", exp=9e9), "other_project"),
        (jwt(iss="pro-1234567890", webauthnId="x", exp=float("nan")), "expired"),
        (jwt(iss="pro-1234567890", webauthnId="x", exp=0), "expired"),
        ("e30." + "W" * 40 + "." + "x" * 40, "malformed"),
    ],
)
def test_what_costs_no_call_is_refused_without_one(
    corbado: Corbado, client: Client, connect: Any, data: Any, code: str
) -> None:
    connect.CORBADO_CONNECT_PROJECT_ID = "pro-1234567890"
    answer = post(client, {"signedPasskeyData": data})
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert answer.json()["message"]
    assert asked(corbado) == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (" ", 400, "not_json"),
        ("{", 400, "not_json"),
        ("[1]", 400, "not_json"),
        ("[" * 5000, 400, "not_json"),
        (b"\xff\xfe", 400, "not_json"),
        ('{"next": "' + "x" * 17000 + '"}', 413, "too_large"),
    ],
)
def test_what_is_no_json_is_refused(
    client: Client, body: str | bytes, status: int, code: str
) -> None:
    answer = post(client, body)
    assert (answer.status_code, answer.json()["error"]) == (status, code)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"signedPasskeyData=x"),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 3_000_000),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 2000)),
        ("application/x-www-form-urlencoded; charset=utf-16", b"a=1"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\n"),
        ("text/plain", b"{}"),
        ("", b"{}"),
    ],
    ids=["form", "large", "many fields", "charset", "no boundary", "broken", "text", "nothing"],
)
def test_a_form_is_no_json_and_is_not_parsed(kind: str, body: bytes) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.generic("POST", LOGIN, body, content_type=kind)
    assert (answer.status_code, answer.json()["error"]) == (415, "not_json")


def test_only_post(client: Client) -> None:
    answer = client.get(LOGIN)
    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize("value", [False, None])
def test_without_the_setting_there_is_nothing(client: Client, connect: Any, value: Any) -> None:
    connect.CORBADO_CONNECT = value
    assert post(client, {}).status_code == 404
