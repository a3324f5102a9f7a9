"""Front ends on another origin: CORS for exactly the ones that are listed, and no cookies."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.support.api_client import ELSEWHERE, PREFIX, ApiClient

pytestmark = pytest.mark.django_db


def preflight(origin: str, path: str = "/sign-in/finish/") -> Any:
    return Client().options(
        PREFIX + path,
        headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
    )


def test_a_listed_origin_may_ask_and_read(page: ApiClient, settings: Any) -> None:
    settings.CORBADO_API_ORIGINS = [ELSEWHERE]
    answer = preflight(ELSEWHERE)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["Access-Control-Allow-Origin"] == ELSEWHERE
    assert answer["Access-Control-Allow-Methods"] == "POST"
    assert (
        answer["Access-Control-Allow-Headers"] == "authorization, content-type, corbado-auth-proof"
    )
    assert "Access-Control-Allow-Credentials" not in answer
    assert "Origin" in answer["Vary"]
    page.origin = ELSEWHERE
    for told in (page.post("/sign-in/"), page.post("/sign-in/", "{")):
        assert told["Access-Control-Allow-Origin"] == ELSEWHERE
        assert "Access-Control-Allow-Credentials" not in told


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example.org",
        "https://app.example.org:8443",
        "https://app.example.org.evil.example",
        "https://sub.app.example.org",
        "HTTPS://APP.EXAMPLE.ORG",
        "null",
    ],
)
def test_any_other_origin_may_not(page: ApiClient, settings: Any, origin: str) -> None:
    settings.CORBADO_API_ORIGINS = [ELSEWHERE]
    page.origin = origin
    for answer in (preflight(origin), page.post("/sign-in/")):
        assert (answer.status_code, answer.json()["error"]) == (403, "other_origin")
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
        assert "Origin" in answer["Vary"]


def test_a_page_elsewhere_gets_no_session(page: ApiClient, settings: Any) -> None:
    settings.CORBADO_API_ORIGINS = [ELSEWHERE]
    page.origin = ELSEWHERE
    asked = len(page.corbado.requests)
    body = {"state": page.begin(), "authToken": "x" * 64}
    assert page.post("/sign-in/finish/", body).json()["error"] == "no_session"
    assert len(page.corbado.requests) == asked


def test_options_without_a_preflight_names_the_methods() -> None:
    answer = Client().options(f"{PREFIX}/sign-in/")
    assert (answer.status_code, answer["Allow"]) == (204, "POST, OPTIONS")
    assert not answer.content
