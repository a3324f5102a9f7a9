"""Error reports of the API have no token, no proof and no pending result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from corbado_auth.api_tokens import TokenExchange
from corbado_auth.testing import Corbado
from tests.security.written import Written
from tests.support.api_client import PREFIX, ApiClient

ACCESS, PROOF, REFRESH = "canary-access", "canary-proof", "canary-refresh"

pytestmark = pytest.mark.django_db


class Tokens(TokenExchange):
    """Tokens of the site's own."""

    def issue(self, request: Any, user: Any) -> dict[str, Any]:
        """Return the only one."""
        return {"scheme": "Token", "access": ACCESS}

    def authenticate(self, request: Any) -> Any:
        """Accept none, and break at one."""
        scheme, _space, access = request.headers.get("Authorization", "").partition(" ")
        if access == ACCESS:
            raise RuntimeError("broken")
        return None


def fail(*_arguments: Any, **_named: Any) -> None:
    raise RuntimeError("broken")


@pytest.fixture
def written(settings: Any) -> Iterator[Written]:
    settings.CORBADO_API_TOKEN = f"{__name__}.Tokens"
    with Written() as written:
        yield written


def report_of(
    written: Written, app: ApiClient, path: str, body: dict[str, Any], **headers: str
) -> str:
    app.http.raise_request_exception = False
    headers["Corbado-Auth-Proof"] = PROOF
    call = app.http.post(PREFIX + path, body, content_type="application/json", headers=headers)
    assert call.status_code == 500
    written.response(call)
    written.leaks()
    text = "\n".join(text for _where, text in written._texts)
    assert "RuntimeError" in text
    return text


def test_of_a_confirmation(
    app: ApiClient, corbado: Corbado, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = app.finish(corbado.add_user("ada@example.com")).json()["pending"]
    monkeypatch.setattr("corbado_auth.headless.sign_in.note_browser", fail)
    report = report_of(written, app, "/sign-in/confirm/", {"pending": pending})
    assert not [each for each in (ACCESS, PROOF, pending) if each in report]


def test_of_signing_out(app: ApiClient, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corbado_auth.headless.signed_in.exchange", fail)
    report = report_of(written, app, "/sign-out/", {"refresh": REFRESH})
    assert not [each for each in (REFRESH, PROOF) if each in report]


def test_of_looking_at_a_token(app: ApiClient, written: Written) -> None:
    report = report_of(written, app, "/passkeys/", {}, Authorization=f"Token {ACCESS}")
    assert not [each for each in (ACCESS, PROOF) if each in report]
