"""Passkey logins of Connect as our script posts them."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.test import Client

from corbado_auth.models import ConnectAccount
from corbado_auth.session import SIGN_IN
from corbado_auth.testing import Corbado

VERIFY = "/v2/passkey/verifySignedData"
LOGIN = "/corbado/connect/login/"
ADA = "ada@example.com"


def post(client: Client, body: Any, **extra: Any) -> Any:
    """Post JSON as our script does, without a CSRF token (the test client needs none)."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(LOGIN, text, **{"content_type": "application/json", **extra})


def jwt(**claims: Any) -> str:
    """Return what looks like a signedPasskeyData."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2lnbmF0dXJl"


def account_of(user: Any) -> ConnectAccount:
    """Return the account of Connect that belongs to this user."""
    return ConnectAccount.objects.get(user=user)


def asked(corbado: Corbado) -> list[str]:
    """Return the calls to Corbado."""
    return [f"{call.method} {call.path}" for call in corbado.requests]


def confirm(client: Client, data: str) -> Any:
    """Confirm who is signed in."""
    return post(client, {"signedPasskeyData": data, "next": "/account/", "confirm": True})


def grow_old(client: Client) -> None:
    """Move the sign-in of this session an hour back."""
    session = client.session
    session[SIGN_IN] = {**session[SIGN_IN], "at": session[SIGN_IN]["at"] - 3600}
    session.save()
