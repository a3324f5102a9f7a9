"""Serve the session calls, for a project that manages its own sessions."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from corbado_auth.emulator import accounts
from corbado_auth.emulator.frontend_api.people import user_of_bearer
from corbado_auth.emulator.records import Credential
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import ApiError, invalid, timestamp


def list_passkeys(call: Call) -> Mapping[str, Any]:
    """List the passkeys of the bearer token's user (here the session token: INFERRED 22)."""
    user = user_of_bearer(call.project, call.bearer)
    rows = [_row(credential) for credential in accounts.passkeys(call.project, user.id)]
    paging = {"page": 1, "totalPages": 1, "totalItems": len(rows)}
    return {"data": {"passkeys": rows, "paging": paging}}


def delete_passkey(call: Call) -> Mapping[str, Any]:
    store = call.project.store
    user = user_of_bearer(call.project, call.bearer)
    with store.transaction():
        credential = store.credentials.get(call.params["credentialID"])
        if credential is None or credential.user_id != user.id:
            raise invalid("credentialID", "does not exist")
        store.credentials.remove(credential.id)
    return {}


def log_out(call: Call) -> Mapping[str, Any]:
    """End the session token, if there is one; there is no short session to clear."""
    call.project.spend_token("session", call.bearer)
    return {}


def refresh(call: Call) -> Mapping[str, Any]:
    """Refuse: the project has no long session to refresh."""
    raise ApiError(401, "login_error", "This project manages its own sessions")


def _row(credential: Credential) -> dict[str, Any]:
    return {
        "id": credential.id,
        "credentialHash": sha256(credential.webauthn_id.encode()).hexdigest(),
        "aaguid": credential.aaguid,
        "userAgent": credential.user_agent,
        "attestationType": credential.attestation_type,
        "transport": credential.transports,
        "backupEligible": credential.backup_eligible,
        "backupState": credential.backed_up,
        "lastUsed": timestamp(credential.last_used),
        "status": credential.status,
        "created": timestamp(credential.created),
    }


ROUTES = (
    Route("frontend", "GET", "/v1/me/passkeys", list_passkeys, needs_body=False),
    Route("frontend", "DELETE", "/v1/me/passkeys/{credentialID}", delete_passkey, needs_body=False),
    Route("frontend", "DELETE", "/v1/sessions/logout", log_out, needs_body=False),
    Route("frontend", "PUT", "/v1/sessions/refresh", refresh, needs_body=False),
)
