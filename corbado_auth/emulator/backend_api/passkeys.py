"""List, change and delete passkeys (API notes 1.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from corbado_auth.emulator import accounts
from corbado_auth.emulator.backend_api.listing import page_of
from corbado_auth.emulator.backend_api.users import LOGIN_IDENTIFIER_TYPES
from corbado_auth.emulator.devices import browser_name, system_name
from corbado_auth.emulator.records import Credential
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import envelope, invalid, make_id, timestamp

AUTHENTICATOR_NAME = "Passkey"


def list_credentials(call: Call) -> Mapping[str, Any]:
    """List the passkeys of the whole project.

    A row does not name its user, so clients filter by ``userID``.
    """
    rows, paging = page_of(call.project.store.credentials.all(), COLUMNS, call.request.args)
    return {"rows": [_row(call, credential) for credential in rows], "paging": paging}


def update(call: Call) -> Mapping[str, Any]:
    """Set the status of a passkey; ``deleted`` deletes it."""
    fields = call.fields()
    status = fields.text("status", required=True, one_of=("pending", "active", "deleted"))
    fields.client_info(required=False)
    fields.check()
    store = call.project.store
    with store.transaction():
        credential = store.credentials.get(call.params["credentialID"])
        if credential is None:
            raise invalid("credentialID", "does not exist")
        if status == "deleted":
            store.credentials.remove(credential.id)
        else:
            store.credentials.put(replace(credential, status=status))
    return {"status": status}


def delete(call: Call) -> Mapping[str, Any]:
    """Delete a passkey of this user."""
    fields = call.fields()
    fields.client_info(required=False)
    fields.check()
    store = call.project.store
    with store.transaction():
        credential = store.credentials.get(call.params["credentialID"])
        if credential is None or credential.user_id != call.params["userID"]:
            raise invalid("credentialID", "does not exist")
        store.credentials.remove(credential.id)
    return {}


def exists(call: Call) -> Mapping[str, Any]:
    """Return whether a user has an active passkey."""
    fields = call.fields()
    value = fields.text("loginIdentifier", required=True)
    kind = fields.text("loginIdentifierType", required=True, one_of=LOGIN_IDENTIFIER_TYPES)
    fields.client_info(required=True)
    fields.check()
    user = accounts.user_by_login(call.project, value, kind)
    found = accounts.passkeys(call.project, user.id, status="active") if user else []
    return {"exists": bool(found)}


def _row(call: Call, credential: Credential) -> dict[str, Any]:
    return {
        # By the description every row is an envelope, and has a `backupStatus` that it does not
        # describe; the rest is what one would expect.
        **envelope(200, {}, make_id("req"), f"{call.project.base_url}/_emulator/", 0.0),
        "id": credential.id,
        "credentialHash": sha256(credential.webauthn_id.encode()).hexdigest(),
        "aaguid": credential.aaguid,
        "attestationType": credential.attestation_type,
        "backupState": credential.backed_up,
        "backupStatus": credential.backed_up,
        "backupEligible": credential.backup_eligible,
        "transport": credential.transports,
        "status": credential.status,
        "userAgent": credential.user_agent,
        "created": timestamp(credential.created),
        "authenticatorID": credential.authenticator_id,
        "authenticatorName": AUTHENTICATOR_NAME,
        "lastUsed": timestamp(credential.last_used),
        "lastUsedDeviceName": _device_name(credential.last_user_agent),
    }


def _device_name(user_agent: str) -> str:
    return " on ".join(filter(None, (browser_name(user_agent), system_name(user_agent))))


COLUMNS = {
    "id": lambda row: row.id,
    # INFERRED 10; the v2 API filters by the number without its prefix, so both are taken.
    "userID": lambda row: _UserID(row.user_id),
    "status": lambda row: row.status,
    "created": lambda row: row.created,
    "lastUsed": lambda row: row.last_used,
}


class _UserID(str):
    """A user ID that equals itself with and without its prefix."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return str(self) == other or self.removeprefix("usr-") == other

    __hash__ = str.__hash__


ROUTES = (
    Route("backend", "GET", "/v1/webauthn/credential", list_credentials, needs_body=False),
    Route("backend", "PUT", "/v1/webauthn/credential/{credentialID}", update),
    Route("backend", "POST", "/v1/webauthn/credential/exists", exists),
    Route("backend", "DELETE", "/v1/users/{userID}/credentials/{credentialID}", delete),
)
