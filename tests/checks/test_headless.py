"""Checks of the JSON API's settings."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks

from corbado_auth.api_tokens import TokenExchange
from corbado_auth.checks import ids


class Own(TokenExchange):
    """A site's own tokens."""


class SomethingElse:
    """No tokens at all."""


def found(settings: Any, **changes: Any) -> list[str]:
    for name, value in changes.items():
        setattr(settings, name, value)
    messages = run_checks(tags=["corbado_auth"])
    assert all(message.hint for message in messages)
    return [str(message.id) for message in messages]


OWN = f"{__name__}.Own"


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com",
        "https://app.example.com:8443",
        "https://xn--bcher-kva.example",
        "http://localhost:5173",
        "http://127.0.0.1:3000",
        "http://[::1]:3000",
        "https://app.example.com:80",
    ],
)
def test_an_origin_is_fine(settings: Any, origin: str) -> None:
    assert found(settings, CORBADO_API_ORIGINS=[origin], CORBADO_API_TOKEN=OWN) == []


@pytest.mark.parametrize(
    "origins",
    [
        "https://app.example.com",
        ["*"],
        ["https://*.example.com"],
        ["null"],
        [""],
        [None],
        ["app.example.com"],
        ["https://"],
        ["https://app.example.com/"],
        ["https://app.example.com/login"],
        ["https://app.example.com?a"],
        ["https://ada@app.example.com"],
        ["https://app.example.com:443"],
        ["https://app.example.com:"],
        ["http://localhost:80"],
        ["https://app.example.com:99999"],
        ["https://App.example.com"],
        ["https://bücher.example"],
        ["http://app.example.com"],
        ["ftp://app.example.com"],
    ],
)
def test_anything_else_is_none(settings: Any, origins: Any) -> None:
    said = found(settings, CORBADO_API_ORIGINS=origins, CORBADO_API_TOKEN=OWN)
    assert said == [ids.API_MALFORMED]


@pytest.mark.parametrize("path", ["nowhere.Tokens", f"{__name__}.SomethingElse", f"{__name__}.OWN"])
def test_a_class_that_is_no_exchange(settings: Any, path: str) -> None:
    assert found(settings, CORBADO_API_TOKEN=path) == [ids.API_MALFORMED]


def test_origins_without_tokens_are_warned_about(settings: Any) -> None:
    origins = ["https://app.example.com"]
    assert found(settings, CORBADO_API_ORIGINS=origins) == [ids.API_ORIGINS_UNUSED]
    assert found(settings, CORBADO_API_TOKEN="") == [ids.API_ORIGINS_UNUSED]
    assert found(settings, CORBADO_API_TOKEN=OWN) == []
