"""Create, read, list, change and delete users (API notes 1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from corbado_auth.emulator import accounts
from corbado_auth.emulator.accounts import EMAIL_FORM
from corbado_auth.emulator.backend_api.listing import page_of
from corbado_auth.emulator.backend_api.shapes import brief_user, full_user
from corbado_auth.emulator.records import User, identifier_key
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import invalid, known

LOGIN_IDENTIFIER_TYPES = ("email", "phone_number", "custom")


def create(call: Call) -> Mapping[str, Any]:
    """Create a user without a passkey.

    The address has not been verified, so it is pending (INFERRED 4).
    """
    fields = call.fields()
    name = fields.text("name", required=True)
    full_name = fields.text("fullName")
    email = fields.text("email")
    phone_number = fields.text("phoneNumber")
    fields.client_info(required=False)
    fields.check()
    if email and not EMAIL_FORM.fullmatch(email):
        raise invalid("email", "must be a valid email address")
    user = accounts.create_user(
        call.project, name=name, full_name=full_name, email=email, phone_number=phone_number
    )
    return {
        "data": {
            "userID": user.id,
            "emailID": _first_id(call, user, "email"),
            "phoneNumberID": _first_id(call, user, "phone_number"),
        }
    }


def list_users(call: Call) -> Mapping[str, Any]:
    users, paging = page_of(call.project.store.users.all(), COLUMNS, call.request.args)
    return {"data": {"users": [full_user(call.project, user) for user in users], "paging": paging}}


def get(call: Call) -> Mapping[str, Any]:
    user = known(call.project.store.users.get(call.params["userID"]), "user doesn't exist")
    return {"data": full_user(call.project, user)}


def update(call: Call) -> Mapping[str, Any]:
    """Change the given fields; absent ones keep their value (INFERRED 8)."""
    fields = call.fields()
    name = fields.text("name")
    full_name = fields.text("fullName")
    status = fields.text("status", one_of=("active", "disabled"))
    fields.client_info(required=False)
    fields.check()
    store = call.project.store
    with store.transaction():
        user = known(store.users.get(call.params["userID"]), "user doesn't exist")
        changed = replace(
            user,
            name=name or user.name,
            full_name=full_name if "fullName" in call.body else user.full_name,
            status=status or user.status,
            updated=store.now(),
        )
        store.users.put(changed)
    return {"data": brief_user(changed)}


def delete(call: Call) -> Mapping[str, Any]:
    """Delete a user; an unknown one is a validation error, not 404 (API notes 1.5)."""
    fields = call.fields()
    fields.client_info(required=False)
    fields.check()
    store = call.project.store
    with store.transaction():
        if store.users.get(call.params["userID"]) is None:
            raise invalid("userID", "does not exist")
        accounts.delete_user(call.project, call.params["userID"])
    return {}


def exists(call: Call) -> Mapping[str, Any]:
    """Return whether a confirmed user has this login identifier."""
    fields = call.fields()
    value = fields.text("loginIdentifier", required=True)
    kind = fields.text("loginIdentifierType", required=True, one_of=LOGIN_IDENTIFIER_TYPES)
    fields.client_info(required=False)
    fields.check()
    user = accounts.user_by_login(call.project, value, kind)
    confirmed = user is not None and any(
        row.key == identifier_key(kind, value) and row.status == "active"
        for row in accounts.identifiers(call.project, user.id, kind)
    )
    return {"exists": confirmed}


def _first_id(call: Call, user: User, kind: str) -> str:
    found = accounts.identifiers(call.project, user.id, kind)
    return found[0].id if found else ""


COLUMNS = {
    "ID": lambda user: user.id,
    "name": lambda user: user.name,
    "fullName": lambda user: user.full_name,
    "status": lambda user: user.status,
    "created": lambda user: user.created,
    "updated": lambda user: user.updated,
}
ROUTES = (
    Route("backend", "POST", "/v1/users", create),
    Route("backend", "GET", "/v1/users", list_users, needs_body=False),
    Route("backend", "PUT", "/v1/users/exists", exists),
    Route("backend", "GET", "/v1/users/{userID}", get, needs_body=False),
    Route("backend", "PUT", "/v1/users/{userID}", update),
    Route("backend", "DELETE", "/v1/users/{userID}", delete),
)
