"""Add, read and delete the email addresses of a user (API notes 1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corbado_auth.emulator import accounts
from corbado_auth.emulator.accounts import EMAIL_FORM
from corbado_auth.emulator.backend_api.shapes import email as email_shape
from corbado_auth.emulator.records import Identifier
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import invalid, known


def create(call: Call) -> Mapping[str, Any]:
    """Add an address, which is pending until it is verified (INFERRED 4)."""
    fields = call.fields()
    address = fields.text("email", required=True)
    fields.client_info(required=False)
    fields.check()
    user = known(call.project.store.users.get(call.params["userID"]), "user doesn't exist")
    if not EMAIL_FORM.fullmatch(address):
        raise invalid("email", "must be a valid email address")
    row = accounts.add_identifier(call.project, user, "email", address)
    return {"data": {"emailID": row.id}}


def get(call: Call) -> Mapping[str, Any]:
    row = known(_find(call), "email doesn't exist")
    return {"data": {"email": email_shape(row)}}


def delete(call: Call) -> Mapping[str, Any]:
    fields = call.fields()
    fields.client_info(required=False)
    fields.check()
    with call.project.store.transaction():
        row = _find(call)
        if row is None:
            # As for users (API notes 1.5); for emails INFERRED 9.
            raise invalid("emailID", "does not exist")
        call.project.store.identifiers.remove(row.id)
    return {}


def _find(call: Call) -> Identifier | None:
    row = call.project.store.identifiers.get(call.params["emailID"])
    fits = row is not None and row.user_id == call.params["userID"] and row.kind == "email"
    return row if fits else None


ROUTES = (
    Route("backend", "POST", "/v1/users/{userID}/emails", create),
    Route("backend", "GET", "/v1/users/{userID}/emails/{emailID}", get, needs_body=False),
    Route("backend", "DELETE", "/v1/users/{userID}/emails/{emailID}", delete),
)
