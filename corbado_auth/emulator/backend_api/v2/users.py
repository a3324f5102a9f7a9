"""Create, read, list, change and delete Connect users and their passkeys (API notes C.3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from corbado_auth.emulator.backend_api.listing import page_of
from corbado_auth.emulator.connect import passkeys, users
from corbado_auth.emulator.devices import browser_name, system_name
from corbado_auth.emulator.records import ConnectUser
from corbado_auth.emulator.routing import Call, Route, bare
from corbado_auth.emulator.wire import known, moments, not_found, timestamp

STATUSES = ("pending", "active", "disabled")


def create(call: Call) -> Response:
    """Create a user; ``explicitWebauthnID`` is the identifier of connect tokens (INFERRED 29)."""
    fields = call.fields()
    status = fields.text("status", required=True, one_of=STATUSES)
    full_name = fields.text("fullName")
    identifier = fields.text("explicitWebauthnID")
    fields.check()
    return bare(_brief(users.create(call.project, identifier, full_name, status)))


def list_users(call: Call) -> Response:
    rows = call.project.store.connect_users.all()
    found, paging = page_of(rows, COLUMNS, call.request.args)
    return bare({"users": [_full(user) for user in found], "paging": paging})


def get(call: Call) -> Response:
    return bare(_brief(_user(call)))


def update(call: Call) -> Response:
    """Change the given fields."""
    fields = call.fields()
    status = fields.text("status", one_of=STATUSES)
    full_name = fields.text("fullName")
    fields.check()
    with call.project.store.transaction():
        display_name = full_name if "fullName" in call.body else None
        user = users.change(call.project, _user(call), status=status, display_name=display_name)
    return bare(_brief(user))


def delete(call: Call) -> Mapping[str, Any]:
    with call.project.store.transaction():
        users.delete(call.project, _user(call).id)
    return {}


def list_credentials(call: Call) -> Response:
    rows = users.passkeys(call.project, _user(call).id)
    found, paging = page_of(rows, CREDENTIAL_COLUMNS, call.request.args)
    return bare({"credentials": [passkeys.describe(row) for row in found], "paging": paging})


def delete_credential(call: Call) -> Mapping[str, Any]:
    store = call.project.store
    with store.transaction():
        passkey = store.connect_passkeys.get(call.params["credentialID"])
        if passkey is None or passkey.user_id != _user(call).id:
            raise not_found("credential doesn't exist")
        store.connect_passkeys.remove(passkey.id)
    return {}


def list_identifiers(call: Call) -> Response:
    rows = [row for row in call.project.store.connect_users.all() if row.identifier]
    found, paging = page_of(rows, IDENTIFIER_COLUMNS, call.request.args)
    return bare({"identifiers": [_identifier(user) for user in found], "paging": paging})


def _user(call: Call) -> ConnectUser:
    # The v2 answer for an unknown ID is INFERRED 37.
    return known(call.project.store.connect_users.get(call.params["userID"]), "user doesn't exist")


def _brief(user: ConnectUser) -> dict[str, Any]:
    return {
        "userID": user.id,
        "fullName": user.display_name,
        "status": user.status,
        "explicitWebauthnID": user.identifier,
        **moments(updated=user.updated),
    }


def _full(user: ConnectUser) -> dict[str, Any]:
    rows = [_identifier(user)] if user.identifier else []
    return {
        **_brief(user),
        "emailIdentifiers": [row for row in rows if row["type"] == "email"],
        "phoneNumberIdentifiers": [],
        "usernameIdentifiers": [row for row in rows if row["type"] == "username"],
        "socialAccounts": [],
        "created": timestamp(user.created),
        "createdMS": int(user.created * 1000),
    }


def _identifier(user: ConnectUser) -> dict[str, Any]:
    return {
        "identifierID": user.id.replace("usr-", "ide-"),
        "type": passkeys.identifier_type(user.identifier),
        "value": user.identifier,
        "status": "verified",
        "userID": user.id,
    }


class _Text(str):
    """Text that equals any part of itself, so that ``eq`` searches in it."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.lower() in self.lower()

    __hash__ = str.__hash__


COLUMNS = {
    "id": lambda row: row.id,
    "searchValue": lambda row: _Text(f"{row.display_name} {row.identifier}"),
    "name": lambda row: row.display_name,
    "fullName": lambda row: row.display_name,
    "created": lambda row: row.created,
    "updated": lambda row: row.updated,
    "status": lambda row: row.status,
}
CREDENTIAL_COLUMNS = {
    "userID": lambda row: row.user_id,
    "created": lambda row: row.created,
    "status": lambda row: row.status,
    "backupState": lambda row: str(row.backed_up).lower(),
    "browserName": lambda row: browser_name(row.user_agent),
    "osName": lambda row: system_name(row.user_agent),
}
IDENTIFIER_COLUMNS = {
    "userID": lambda row: row.id,
    "identifierType": lambda row: passkeys.identifier_type(row.identifier),
    "identifierValue": lambda row: row.identifier,
}
USER = "/v2/users/{userID}"
ROUTES = (
    Route("backend", "POST", "/v2/users", create),
    Route("backend", "GET", "/v2/users", list_users, needs_body=False),
    Route("backend", "GET", USER, get, needs_body=False),
    Route("backend", "PATCH", USER, update),
    Route("backend", "DELETE", USER, delete, needs_body=False),
    Route("backend", "GET", f"{USER}/credentials", list_credentials, needs_body=False),
    Route(
        "backend",
        "DELETE",
        f"{USER}/credentials/{{credentialID}}",
        delete_credential,
        needs_body=False,
    ),
    Route("backend", "GET", "/v2/identifiers", list_identifiers, needs_body=False),
)
