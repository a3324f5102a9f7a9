"""Events as Corbado sends them (API notes 6.3), and passkeys at the emulator."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from django.test import Client

from corbado_auth.emulator.records import ConnectPasskey, Credential
from corbado_auth.testing import Corbado
from tests.support.webhook import CREDENTIALS, basic

EVENTS = "/corbado/webhooks/events/"


def event_body(event: str, corbado_user_id: str, passkey_id: str = "cre-1") -> dict[str, Any]:
    """Return an event as Corbado documents it."""
    if event in {"user.created", "user.updated"}:
        user = {"id": corbado_user_id, "fullName": "Ada", "status": "active"}
        data: dict[str, Any] = {"user": user, "identifiers": []}
    elif event == "user.deleted":
        data = {"userID": corbado_user_id}
    else:
        credential = {"id": passkey_id, "webAuthnID": "w1", "browser": "Chrome", "os": "Android"}
        data = {"userID": corbado_user_id, "credential": credential}
    return {
        "type": event,
        "timestamp": "2026-01-31T12:00:00.123456789Z",
        "metadata": {"ip": "192.0.2.7", "os": "", "browser": "", "customHeaders": {}},
        "data": data,
    }


def send(event: str, corbado_user_id: str, passkey_id: str = "cre-1") -> Any:
    """Send an event to the site."""
    return Client(enforce_csrf_checks=True).post(
        EVENTS,
        json.dumps(event_body(event, corbado_user_id, passkey_id)),
        content_type="application/json",
        headers={"authorization": basic(CREDENTIALS), "x-corbado-webhook-event": event},
    )


def give_passkey(corbado: Corbado, user_id: str, number: int) -> str:
    """Let someone have a passkey at Corbado, as if they had added it elsewhere."""
    return _give(corbado, "credentials", Credential, user_id, number)


def give_connect_passkey(corbado: Corbado, user_id: str, number: int) -> str:
    """Do the same at Connect."""
    return _give(corbado, "connect_passkeys", ConnectPasskey, user_id, number)


def lose_passkey(corbado: Corbado, passkey_id: str) -> None:
    """Remove someone's passkey at Corbado."""
    store = corbado._control.project.store
    with store.transaction():
        store.credentials.remove(passkey_id)
        store.connect_passkeys.remove(passkey_id)


def block(corbado: Corbado, user_id: str) -> None:
    """Disable a user at Corbado."""
    store = corbado._control.project.store
    with store.transaction():
        for table in (store.users, store.connect_users):
            if (user := table.get(user_id)) is not None:
                table.put(replace(user, status="disabled"))


def _give(corbado: Corbado, table: str, kind: Any, user_id: str, number: int) -> str:
    store = corbado._control.project.store
    with store.transaction():
        getattr(store, table).put(
            kind(
                id=f"cre-{number}",
                user_id=user_id,
                webauthn_id=f"w{number}",
                public_key="",
                sign_count=0,
                aaguid="",
                attestation_type="none",
                transports=[],
                backup_eligible=True,
                backed_up=True,
                status="active",
                authenticator_id="",
                user_agent="",
                created=store.now(),
                last_used=store.now(),
                last_user_agent="",
            )
        )
    return f"cre-{number}"
